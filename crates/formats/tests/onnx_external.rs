//! Weights in files beside the model: what is read, and what a hostile location gets.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use dunlin_formats::Mapping;
use dunlin_formats::onnx::proto::{StringStringEntryProto, TensorProto};
use dunlin_formats::onnx::{
    ExternalData, ExternalError, ExternalFolder, Limits, TensorProblem, TensorReader,
};
use dunlin_ir::Tensor;
use dunlin_sys::AlignedBuf;

/// A folder of its own that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("dunlin-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, data: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, data).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn i32_tensor(dims: &[i64], entries: &[(&str, &str)]) -> TensorProto {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    let entry =
        |&(key, value): &(&str, &str)| StringStringEntryProto { key: bytes(key), value: bytes(value) };
    TensorProto {
        dims: dims.to_vec(),
        data_type: 6,
        name: bytes("w"),
        data_location: 1,
        external_data: entries.iter().map(entry).collect(),
        ..Default::default()
    }
}

fn read(source: &dyn ExternalData, proto: &TensorProto) -> Result<Tensor, TensorProblem> {
    let (whole, limits) = (AlignedBuf::zeroed(0).unwrap().into(), Limits::default());
    let result = TensorReader::new(&whole, &limits).with_external(source).read(proto);
    result.map_err(|error| error.problem)
}

fn refused(source: &dyn ExternalData, entries: &[(&str, &str)]) -> ExternalError {
    match read(source, &i32_tensor(&[2], entries)) {
        Err(TensorProblem::External(error)) => error,
        other => panic!("{entries:?}: {other:?}"),
    }
}

fn folder_of(model: &Path, mapping: Mapping) -> ExternalFolder {
    ExternalFolder::of_model(model, mapping).unwrap()
}

#[test]
fn parts_of_files_are_read() {
    let folder = Folder::new("parts");
    let model = folder.write("model.onnx", b"");
    folder.write("weights/all.bin", &[9, 1, 0, 0, 0, 2, 0, 0, 0]);
    for mapping in [Mapping::Map, Mapping::Copy] {
        let source = folder_of(&model, mapping);
        let full = [("location", "./weights/all.bin"), ("offset", "1"), ("length", "8"), ("checksum", "?")];
        let short = [("location", "weights/all.bin"), ("offset", "5")];
        let both = read(&source, &i32_tensor(&[2], &full)).unwrap();
        assert_eq!(both.to_aligned().unwrap().view::<i32>().unwrap(), [1, 2]);
        assert_eq!(both.shared_bytes().unwrap().is_mapped(), mapping == Mapping::Map);
        let last = read(&source, &i32_tensor(&[1], &short)).unwrap();
        assert_eq!(last.to_aligned().unwrap().view::<i32>().unwrap(), [2]);
    }
}

#[test]
fn files_can_come_from_memory() {
    let bytes = dunlin_sys::Bytes::from(AlignedBuf::copy_of(&[1, 0, 0, 0, 2, 0, 0, 0]).unwrap());
    let source = HashMap::from([("w.bin".to_owned(), bytes)]);
    let tensor = read(&source, &i32_tensor(&[2], &[("location", "w.bin")])).unwrap();
    assert_eq!(tensor.view::<i32>().unwrap(), [1, 2]);
    assert!(matches!(refused(&source, &[("location", "other")]), ExternalError::NotFound { .. }));
}

#[test]
fn refusals_name_file_and_offset() {
    let folder = Folder::new("refusals");
    let model = folder.write("model.onnx", b"");
    folder.write("w.bin", &[0; 10]);
    let source = folder_of(&model, Mapping::Map);
    let message = |entries: &[(&str, &str)]| refused(&source, entries).to_string();
    assert_eq!(
        message(&[("location", "w.bin"), ("offset", "4")]),
        r#"its data are 8 bytes at offset 4 of "w.bin", which has only 10"#
    );
    assert_eq!(
        message(&[("location", "w.bin"), ("offset", "18446744073709551615")]),
        r#"its data are 8 bytes at offset 18446744073709551615 of "w.bin", which has only 10"#
    );
    assert_eq!(
        message(&[("location", "w.bin"), ("length", "7")]),
        r#"its data are 7 bytes of "w.bin", but it needs 8"#
    );
    assert_eq!(
        message(&[("location", "w.bin"), ("offset", "-1")]),
        r#"its data are in "w.bin" with offset "-1", which is not a number of bytes"#
    );
    assert!(matches!(refused(&source, &[]), ExternalError::NoLocation));
    assert!(matches!(refused(&source, &[("location", "absent")]), ExternalError::Io { .. }));
    assert!(matches!(refused(&source, &[("location", "a\0b")]), ExternalError::Io { .. }));
}

#[test]
fn a_model_from_memory_has_no_folder() {
    let (whole, limits) = (AlignedBuf::zeroed(0).unwrap().into(), Limits::default());
    let error =
        TensorReader::new(&whole, &limits).read(&i32_tensor(&[2], &[("location", "w.bin")])).unwrap_err();
    assert!(matches!(error.problem, TensorProblem::External(ExternalError::NoSource { .. })));
}

#[test]
fn nothing_outside_the_folder_is_read() {
    let outer = Folder::new("outside");
    let secret = outer.write("secret.bin", &[0; 8]);
    let model = outer.write("model/model.onnx", b"");
    let source = folder_of(&model, Mapping::Map);
    for location in ["../secret.bin", "a/../../secret.bin", secret.to_str().unwrap(), "", ".."] {
        assert!(
            matches!(refused(&source, &[("location", location)]), ExternalError::Escapes { .. }),
            "{location}"
        );
    }
    assert!(matches!(refused(&source, &[("location", ".")]), ExternalError::Io { .. }));
}

#[cfg(unix)]
#[test]
fn links_are_followed_only_inside() {
    use std::os::unix::fs::symlink;
    let outer = Folder::new("links");
    let secret = outer.write("secret.bin", &[0; 8]);
    let model = outer.write("model/model.onnx", b"");
    outer.write("model/real.bin", &[0; 8]);
    symlink(&secret, outer.0.join("model/out.bin")).unwrap();
    symlink(&outer.0, outer.0.join("model/up")).unwrap();
    symlink("real.bin", outer.0.join("model/in.bin")).unwrap();
    let source = folder_of(&model, Mapping::Map);
    for location in ["out.bin", "up/secret.bin"] {
        assert!(
            matches!(refused(&source, &[("location", location)]), ExternalError::Escapes { .. }),
            "{location}"
        );
    }
    assert!(read(&source, &i32_tensor(&[2], &[("location", "in.bin")])).is_ok());

    // A store that keeps files under their hash, and links to them under their names.
    outer.write("blobs/1234", b"");
    outer.write("blobs/5678", &[0; 8]);
    fs::create_dir(outer.0.join("snapshot")).unwrap();
    symlink("../blobs/1234", outer.0.join("snapshot/model.onnx")).unwrap();
    symlink("../blobs/5678", outer.0.join("snapshot/model.onnx_data")).unwrap();
    symlink("../secret.bin", outer.0.join("snapshot/out.bin")).unwrap();
    let source = folder_of(&outer.0.join("snapshot/model.onnx"), Mapping::Map);
    assert!(read(&source, &i32_tensor(&[2], &[("location", "model.onnx_data")])).is_ok());
    assert!(matches!(refused(&source, &[("location", "out.bin")]), ExternalError::Escapes { .. }));
}
