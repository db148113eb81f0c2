// The library for Android Studio. `cargo xtask android` builds the native libraries, which must be there before:
//
//     cargo ndk -t arm64-v8a -t x86_64 -t armeabi-v7a -P 24 -o bindings/android/build/natives \
//         build --release -p dunlin-native --features uniffi
//
// What is tested and published is made from pom.xml. `cargo xtask android` fails if the two files differ.

plugins {
    id("com.android.library") version "8.13.0"
    id("org.jetbrains.kotlin.android") version "2.4.21"
    id("maven-publish")
}

group = "dev.dunlin"
version = "0.1.0"

android {
    namespace = "dev.dunlin"
    compileSdk = 36

    defaultConfig {
        minSdk = 24
        consumerProguardFiles("../kotlin/src/main/resources/META-INF/proguard/dunlin.pro")
        ndk { abiFilters += listOf("arm64-v8a", "x86_64", "armeabi-v7a") }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }

    sourceSets["main"].apply {
        kotlin.srcDirs("src/main/kotlin", "../kotlin/src/main/kotlin", "../kotlin/generated")
        jniLibs.srcDirs("build/natives")
    }

    lint {
        // The binding asks for java.lang.ref.Cleaner and does without it; Model.load(Path) is for where there are paths.
        disable += "NewApi"
    }

    publishing {
        singleVariant("release") {
            withSourcesJar()
            withJavadocJar()
        }
    }
}

kotlin {
    compilerOptions {
        jvmTarget = org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_11
    }
}

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core-jvm:1.11.0")
    implementation("net.java.dev.jna:jna:5.19.1@aar")
}

publishing {
    publications {
        register<MavenPublication>("release") {
            artifactId = "dunlin-android"
            afterEvaluate { from(components["release"]) }
            pom {
                name = "Dunlin for Android"
                description = "An embeddable inference library: a model in, tensors out."
                url = "https://github.com/dunlin/dunlin"
                licenses {
                    license { name = "MIT"; url = "https://opensource.org/license/mit" }
                    license { name = "Apache-2.0"; url = "https://www.apache.org/licenses/LICENSE-2.0" }
                }
            }
        }
    }
}
