//! Writes `include/dunlin.h` from the sources of the C ABI, with the feature `header` alone: nobody else compiles cbindgen.

fn main() {
    println!("cargo:rerun-if-changed=crates/c-api/src");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    #[cfg(feature = "header")]
    header();
}

#[cfg(feature = "header")]
fn header() {
    let root = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let sources = root.join("crates/c-api");
    if !sources.exists() {
        return;
    }
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is readable");
    let header = cbindgen::Builder::new().with_crate(&sources).with_config(config).generate();
    header.expect("the C ABI can be said in C").write_to_file(root.join("include/dunlin.h"));
}
