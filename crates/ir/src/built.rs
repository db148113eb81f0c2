//! Which operators this build computes: all of them, those of the features that it was built with, or those of a list.
//!
//! Everything here is known at compile time, so the code of what is left out is dropped by the compiler and the linker.

use crate::Op;

include!(concat!(env!("OUT_DIR"), "/operators.rs"));

/// The families that can be left out, and whether they are in: each is called as its cargo feature, in capitals first.
const OPTIONAL: &[(&str, &str, bool)] = &[
    ("Image", "image", cfg!(feature = "image")),
    ("Ml", "ml", cfg!(feature = "ml")),
    ("Quantize", "quantize", cfg!(feature = "quantize")),
    ("Random", "random", cfg!(feature = "random")),
    ("Recurrent", "recurrent", cfg!(feature = "recurrent")),
    ("Signal", "signal", cfg!(feature = "signal")),
    ("Text", "text", cfg!(feature = "text")),
    ("Training", "training", cfg!(feature = "training")),
];

/// An operator that this build leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is left out of this build of Dunlin{}", advice(*.feature))]
pub struct LeftOut {
    /// The cargo feature that brings it, if it is one's absence and not a list that leaves it out.
    pub feature: Option<&'static str>,
}

fn advice(feature: Option<&str>) -> String {
    match feature {
        Some(feature) => format!("; build it with the feature {feature:?}"),
        None => ", which has the operators of certain models; build it with this model too".to_owned(),
    }
}

/// Whether this build computes a variant of a family, such as `has_variant("Text", "StringSplit")`.
pub const fn has_variant(family: &str, variant: &str) -> bool {
    if feature_of(family).is_some() {
        return false;
    }
    let Some(variants) = VARIANTS else { return true };
    let mut i = 0;
    while i < variants.len() {
        if is_path(variants[i], family, variant) {
            return true;
        }
        i += 1;
    }
    false
}

/// Whether this build computes anything of a family.
pub const fn has_family(family: &str) -> bool {
    if feature_of(family).is_some() {
        return false;
    }
    let Some(variants) = VARIANTS else { return true };
    let mut i = 0;
    while i < variants.len() {
        let path = variants[i].as_bytes();
        if begins(path, family.as_bytes(), 0) && begins(path, b"::", family.len()) {
            return true;
        }
        i += 1;
    }
    false
}

/// Checks that this build computes `op`.
///
/// # Errors
/// [`LeftOut`] if it does not.
pub fn check(op: &Op) -> Result<(), LeftOut> {
    let left_out = LeftOut { feature: feature_of(op.family()) };
    let is_listed = || NAMES.is_none_or(|names| names.contains(&op.name()));
    if left_out.feature.is_none() && is_listed() { Ok(()) } else { Err(left_out) }
}

/// The feature without which a family is left out, if it is.
pub const fn feature_of(family: &str) -> Option<&'static str> {
    let mut i = 0;
    while i < OPTIONAL.len() {
        let (name, feature, is_in) = OPTIONAL[i];
        if !is_in && name.len() == family.len() && begins(name.as_bytes(), family.as_bytes(), 0) {
            return Some(feature);
        }
        i += 1;
    }
    None
}

/// Whether `path` is `family::variant`.
const fn is_path(path: &str, family: &str, variant: &str) -> bool {
    let (path, family, variant) = (path.as_bytes(), family.as_bytes(), variant.as_bytes());
    path.len() == family.len() + 2 + variant.len()
        && begins(path, family, 0)
        && begins(path, b"::", family.len())
        && begins(path, variant, family.len() + 2)
}

/// Whether `part` stands in `text` at a position.
const fn begins(text: &[u8], part: &[u8], at: usize) -> bool {
    if text.len() < at + part.len() {
        return false;
    }
    let mut i = 0;
    while i < part.len() {
        if text[at + i] != part[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_whole() {
        let cases = [
            ("Text::StringSplit", "Text", "StringSplit", true),
            ("Text::StringSplit", "Text", "String", false),
            ("Text::StringSplit", "Tex", "t::StringSplit", false),
            ("Text::StringSplit", "Text", "StringSplitter", false),
            ("Text", "Text", "", false),
        ];
        for (path, family, variant, want) in cases {
            assert_eq!(is_path(path, family, variant), want, "{path} {family} {variant}");
        }
    }

    #[test]
    fn what_is_left_out_names_its_feature() {
        let texts = [(Some("ml"), "feature \"ml\""), (None, "this model too")];
        for (feature, part) in texts {
            assert!(LeftOut { feature }.to_string().contains(part));
        }
    }
}
