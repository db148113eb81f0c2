//! The exported objects as a host calls them, with the digit model of the examples.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use dunlin_uniffi::*;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/digits/digits.onnx");

fn source() -> Source {
    Source::Path { path: MODEL.to_owned() }
}

fn model() -> Arc<Model> {
    Model::load(source(), LoadOptions::default()).unwrap()
}

fn image() -> Vec<Input> {
    let bytes = vec![0; 28 * 28 * 4];
    vec![Input { name: None, value: Value::tensor(1, vec![1, 1, 28, 28], &bytes).unwrap() }]
}

/// Waits for a future as a host's executor does.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn a_model_tells_what_it_is_and_runs() {
    let model = model();
    let info = model.info();
    assert_eq!(info.inputs[0].dims.as_deref(), Some(&[-1, 1, 28, 28][..]));
    let options = RunOptions { report: true, ..RunOptions::default() };
    let result = model.run(image(), options).unwrap();
    let output = &result.outputs[0];
    assert_eq!((output.info.dtype, &output.info.shape[..], output.info.byte_len), (1, &[1, 10][..], 40));
    assert!(!result.report.unwrap().nodes().is_empty());
    let need = model.memory(vec![Some(vec![1, 1, 28, 28])]).unwrap();
    assert!(need.bytes > 0);
}

#[test]
fn what_runs_in_the_background_gives_the_same() {
    let model = wait_for(Model::load_async(source(), LoadOptions::default())).unwrap();
    let result = wait_for(model.run_async(image(), RunOptions::default())).unwrap();
    assert_eq!(result.outputs[0].info.shape, [1, 10]);
    let session = model.session();
    let first = session.run_async(image(), RunOptions::default());
    assert!(wait_for(first).is_ok());
    assert!(session.run(image(), RunOptions::default()).is_ok(), "free again once the host has heard");
}

#[test]
fn a_switch_ends_runs_and_is_left_alone_when_a_wait_is_given_up() {
    let (model, cancel) = (model(), Cancel::new());
    let options = RunOptions { cancel: Some(cancel.clone()), ..RunOptions::default() };
    {
        let run = pin!(model.run_async(image(), options.clone()));
        let _ = run.poll(&mut Context::from_waker(Waker::noop()));
    }
    assert!(!cancel.is_cancelled());
    cancel.cancel();
    assert_eq!(model.run(image(), options).unwrap_err().kind(), ErrorKind::Cancelled);
}

#[test]
fn errors_say_what_and_where() {
    let missing = Model::load(Source::Path { path: "no.onnx".to_owned() }, LoadOptions::default());
    let DunlinError::Failed { kind, file, .. } = missing.unwrap_err();
    assert_eq!((kind, file.as_deref()), (ErrorKind::NotFound, Some("no.onnx")));
    let small = Value::tensor(1, vec![1, 1, 2, 2], &[0; 16]).unwrap();
    let input = Input { name: Some("image".to_owned()), value: small };
    let error = model().run(vec![input], RunOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape);
    assert!(error.to_string().contains("image"), "{error}");
    assert_eq!(Value::tensor(1, vec![2], &[0; 4]).unwrap_err().kind(), ErrorKind::Shape);
    assert_eq!(Value::tensor(8, vec![], &[]).unwrap_err().kind(), ErrorKind::DType);
    assert_eq!(Value::tensor(1, vec![-1], &[]).unwrap_err().kind(), ErrorKind::Shape);
    assert_eq!(blank_tensor(1, vec![i64::MAX, 8]).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn containers_are_taken_apart_again() {
    let keys = Value::strings(vec![2], vec!["a".to_owned(), "b".to_owned()]).unwrap();
    let one = Value::tensor(7, vec![], &1i64.to_le_bytes()).unwrap();
    let map = Value::map(keys, vec![one.clone(), one.clone()]).unwrap();
    assert_eq!(map.keys().unwrap().texts().unwrap(), ["a", "b"]);
    let sequence = Value::sequence(vec![map, Value::optional(None)]);
    let kinds: Vec<ValueKind> = sequence.elements().iter().map(|value| value.info().kind).collect();
    assert_eq!(kinds, [ValueKind::Map, ValueKind::Optional]);
    assert_eq!(Value::map(one.clone(), vec![one]).unwrap_err().kind(), ErrorKind::Shape);
}

#[test]
fn a_load_is_followed_and_bounded() {
    #[derive(Default)]
    struct Told(Mutex<Vec<(Stage, f32)>>);
    impl Progress for Told {
        fn progressed(&self, stage: Stage, fraction: f32) {
            self.0.lock().unwrap().push((stage, fraction));
        }
    }
    let told = Arc::new(Told::default());
    let file = std::fs::read(MODEL).unwrap();
    let bytes = Value::tensor(2, vec![file.len() as i64], &file).unwrap();
    let options = LoadOptions { progress: Some(told.clone()), ..LoadOptions::default() };
    Model::load(Source::Memory { bytes: bytes.clone() }, options).unwrap();
    assert_eq!(told.0.lock().unwrap().last(), Some(&(Stage::Done, 1.0)));
    let limits = vec![Limit { of: LimitOf::FileBytes, most: 10 }];
    let options = LoadOptions { limits, ..LoadOptions::default() };
    let error = Model::load(Source::Memory { bytes }, options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
}
