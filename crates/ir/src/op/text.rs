//! Operators of strings.

use crate::infer::{self, Facts, Inferred};
use crate::{DType, Dim, Dims, Tensor};

/// Operators of strings.
#[derive(Debug, Clone, PartialEq)]
pub enum Text {
    /// Input 0 followed by input 1, with numpy's broadcasting.
    StringConcat,
    /// Cuts each string: the parts along a new last axis, and how many there are.
    StringSplit(StringSplit),
    /// Drops stop words and changes the case.
    StringNormalizer(StringNormalizer),
    /// Whether a pattern in RE2's syntax matches all of a string.
    RegexFullMatch(RegexFullMatch),
    /// Counts n-grams.
    TfIdfVectorizer(Box<TfIdfVectorizer>),
    /// Cuts each string into tokens, along a new last axis.
    Tokenizer(Tokenizer),
}

/// Where strings are cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringSplit {
    /// Between what; empty for runs of white space.
    pub delimiter: String,
    /// At most how often.
    pub max_splits: Option<usize>,
}

/// How strings are normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringNormalizer {
    /// What happens to upper and lower case, by Unicode's rules in no particular language.
    pub case: CaseChange,
    /// Whether a stop word must have the same case.
    pub is_case_sensitive: bool,
    /// Strings that are dropped.
    pub stop_words: Vec<String>,
}

/// What happens to upper and lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseChange {
    /// Nothing.
    None,
    /// All becomes lower case.
    Lower,
    /// All becomes upper case.
    Upper,
}

/// A pattern that strings are held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexFullMatch {
    /// In RE2's syntax.
    pub pattern: String,
}

/// How strings are cut into tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokenizer {
    /// What a token is.
    pub tokens: Tokens,
    /// Shorter tokens are dropped: a number of characters, at least 1.
    pub min_chars: usize,
    /// Whether each string's tokens stand between the characters U+0002 and U+0003.
    pub has_marks: bool,
    /// What follows the tokens of strings that have fewer.
    pub padding: String,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tokens {
    /// Each character.
    Chars,
    /// What matches this pattern, in RE2's syntax.
    Matching(String),
    /// What remains between matches of the first pattern, cut again by each further one.
    Between(Vec<String>),
}

/// Which n-grams are counted, and how counts are weighted.
#[derive(Debug, Clone, PartialEq)]
pub struct TfIdfVectorizer {
    /// The shortest n-grams that count.
    pub min_length: usize,
    /// The longest.
    pub max_length: usize,
    /// How many items may lie between neighbours of an n-gram.
    pub max_skips: usize,
    /// What becomes of a count.
    pub mode: Weighting,
    /// Where in the pool the n-grams of each length begin: 1, 2, ...
    pub starts: Vec<usize>,
    /// The output column of each n-gram of the pool.
    pub columns: Vec<usize>,
    /// The items of all n-grams, one after the other: `int64` or `string`, rank 1.
    pub pool: Tensor,
    /// A factor for each column; empty for 1.
    pub weights: Vec<f32>,
}

/// What becomes of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighting {
    /// It stays.
    Tf,
    /// It becomes the weight, if it is not 0.
    Idf,
    /// It is multiplied by the weight.
    TfIdf,
}

impl TfIdfVectorizer {
    /// How many columns the output has.
    pub fn n_columns(&self) -> usize {
        self.columns.iter().max().map_or(0, |&column| column.saturating_add(1))
    }
}

impl Text {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Text::StringConcat => "StringConcat",
            Text::StringSplit(_) => "StringSplit",
            Text::StringNormalizer(_) => "StringNormalizer",
            Text::RegexFullMatch(_) => "RegexFullMatch",
            Text::TfIdfVectorizer(_) => "TfIdfVectorizer",
            Text::Tokenizer(_) => "Tokenizer",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let same = || facts.dims(0).map(Into::into);
        let last_as = |dim: Dim| -> Dims {
            let mut dims: smallvec::SmallVec<[Dim; 4]> = facts.dims(0)?.into();
            *dims.last_mut()? = dim;
            Some(dims)
        };
        match self {
            Text::StringConcat => {
                infer::one(Some(DType::String), infer::broadcast_dims(facts.dims(0), facts.dims(1)))
            }
            Text::StringSplit(_) => {
                let parts = facts.dims(0).map(|dims| dims.iter().cloned().chain([Dim::Unknown]).collect());
                let parts = infer::Fact::new(Some(DType::String), parts);
                smallvec::smallvec![parts, infer::Fact::new(Some(DType::I64), same())]
            }
            Text::Tokenizer(_) => {
                let tokens = facts.dims(0).map(|dims| dims.iter().cloned().chain([Dim::Unknown]).collect());
                infer::one(Some(DType::String), tokens)
            }
            Text::StringNormalizer(_) => infer::one(Some(DType::String), last_as(Dim::Unknown)),
            Text::RegexFullMatch(_) => infer::one(Some(DType::Bool), same()),
            Text::TfIdfVectorizer(op) => {
                let n = Dim::Known(op.n_columns());
                let dims = match facts.dims(0) {
                    Some([]) => infer::dims([n]),
                    _ => last_as(n),
                };
                infer::one(Some(DType::F32), dims)
            }
        }
    }
}
