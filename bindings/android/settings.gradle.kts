// The library for Android Studio and Gradle, as a project of its own or as an included build of an app's:
// `includeBuild("../dunlin/bindings/android")` in the app's settings.gradle.kts.

pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode = RepositoriesMode.FAIL_ON_PROJECT_REPOS
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "dunlin-android"
