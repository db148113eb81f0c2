//! One model, many callers: every run gives the same bits.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dunlin_core::{Model, Outputs, Value};

use crate::engine;
use crate::protocol::{Failure, Hammer, Outcome};

/// Runs from all callers with each size of the pool; the outcome counts runs.
pub fn run(hammer: &Hammer) -> Result<Outcome, Failure> {
    let mut reference = None;
    let mut outcome = Outcome::default();
    for &pool in &hammer.pools {
        let model = engine::load(&hammer.job.model, &hammer.job.backend, pool)?;
        if reference.is_none() {
            reference = Some(once(&model, hammer)?);
        }
        let expected = reference.as_deref().unwrap_or_default();
        let (n_runs, wrong) = storm(&model, hammer, expected)?;
        if let Some(what) = wrong {
            return Err(Failure::new("wrong", format!("pool of {pool}: {what}")));
        }
        outcome.count += n_runs;
    }
    Ok(outcome)
}

fn once(model: &Model, hammer: &Hammer) -> Result<Vec<Value>, Failure> {
    let folder = hammer.job.data.first().ok_or_else(|| Failure::new("data", "no inputs"))?;
    let outputs = model.run(engine::inputs(&hammer.job, folder)?);
    Ok(outputs.map_err(|error| engine::failure(&error))?.into_values())
}

/// All callers at once, until the time is over or one of them sees something else than expected.
fn storm(model: &Model, hammer: &Hammer, expected: &[Value]) -> Result<(u64, Option<String>), Failure> {
    let folder = hammer.job.data.first().ok_or_else(|| Failure::new("data", "no inputs"))?;
    let inputs = engine::inputs(&hammer.job, folder)?;
    let end = Instant::now() + Duration::from_secs_f64(hammer.seconds);
    let (n_runs, over, wrong) = (AtomicU64::new(0), AtomicBool::new(false), Mutex::new(None));
    let call = || {
        while Instant::now() < end && !over.load(Ordering::Relaxed) {
            let what = match model.run(inputs.clone()).map(Outputs::into_values) {
                Ok(outputs) if same_bits(&outputs, expected) => None,
                Ok(_) => Some("a run gave other bits".to_owned()),
                Err(error) => Some(error.to_string()),
            };
            n_runs.fetch_add(1, Ordering::Relaxed);
            if what.is_some() {
                over.store(true, Ordering::Relaxed);
                *wrong.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = what;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..hammer.callers {
            scope.spawn(call);
        }
    });
    Ok((n_runs.into_inner(), wrong.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)))
}

/// Whether values are the same to the last bit.
fn same_bits(got: &[Value], expected: &[Value]) -> bool {
    let same = |(got, expected): (&Value, &Value)| match (got, expected) {
        (Value::Tensor(got), Value::Tensor(expected)) => got == expected,
        (Value::Sequence(got), Value::Sequence(expected)) => same_bits(got, expected),
        (Value::Map(got), Value::Map(expected)) => {
            got.keys == expected.keys && same_bits(&got.values, &expected.values)
        }
        (Value::Optional(got), Value::Optional(expected)) => match (got, expected) {
            (Some(got), Some(expected)) => {
                same_bits(std::slice::from_ref(got), std::slice::from_ref(expected))
            }
            (got, expected) => got.is_none() && expected.is_none(),
        },
        _ => false,
    };
    got.len() == expected.len() && got.iter().zip(expected).all(same)
}
