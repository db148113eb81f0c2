//! 64-bit Arm.

use std::arch::is_aarch64_feature_detected as has;

pub(super) fn features() -> Vec<(&'static str, bool)> {
    vec![
        ("neon", has!("neon")),
        ("fp16", has!("fp16")),
        ("dotprod", has!("dotprod")),
        ("bf16", has!("bf16")),
        ("i8mm", has!("i8mm")),
        ("sve", has!("sve")),
    ]
}
