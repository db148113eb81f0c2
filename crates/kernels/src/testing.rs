//! What the tests of this crate share: instruction sets, numbers, and a pool that really has threads.

use dunlin_sys::Parallel;

/// A small generator of reproducible numbers.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next_u32(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    /// In `-1..1`.
    pub fn float(&mut self) -> f32 {
        self.next_u32() as f32 / (1u64 << 31) as f32 - 1.0
    }

    pub fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.float()).collect()
    }
}

/// Three threads that take iterations in turn, last first.
pub struct ThreeThreads;

impl Parallel for ThreeThreads {
    fn n_threads(&self) -> usize {
        3
    }

    fn for_each(&self, n: usize, f: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            for t in 0..3 {
                scope.spawn(move || (0..n).rev().filter(|i| i % 3 == t).for_each(f));
            }
        });
    }
}

/// Asserts that two slices agree within `relative` of the largest magnitude in `want` (NaN equals NaN).
#[track_caller]
pub fn assert_close(got: &[f32], want: &[f32], relative: f32, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want.iter().filter(|x| x.is_finite()).fold(1e-6f32, |m, x| m.max(x.abs()));
    for (i, (&g, &w)) in got.iter().zip(want).enumerate() {
        let same = g == w || (g.is_nan() && w.is_nan()) || (g - w).abs() <= relative * scale;
        assert!(same, "{what}: element {i} is {g}, expected {w}");
    }
}
