//! Lowering of the text family.

use dunlin_ir::Tensor;
use dunlin_ir::op::Text;
use dunlin_ir::op::text::{
    CaseChange, RegexFullMatch, StringNormalizer, StringSplit, TfIdfVectorizer, Tokenizer, Tokens, Weighting,
};

use super::table::MICROSOFT;
use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("StringConcat", 20..=28, |_| Ok(Text::StringConcat.into())),
    Row::main("StringSplit", 20..=28, string_split),
    Row::main("StringNormalizer", 10..=28, string_normalizer),
    Row::main("RegexFullMatch", 20..=28, regex_full_match),
    Row::main("TfIdfVectorizer", 9..=28, tf_idf_vectorizer),
    Row::of(MICROSOFT, "Tokenizer", tokenizer),
];

fn string_split(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let max_splits = node.int("maxsplit")?.and_then(|n| usize::try_from(n).ok());
    Ok(Text::StringSplit(StringSplit { delimiter: node.string_or("delimiter", "")?, max_splits }).into())
}

fn string_normalizer(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let case = match node.string_or("case_change_action", "NONE")?.as_str() {
        "NONE" => CaseChange::None,
        "LOWER" => CaseChange::Lower,
        "UPPER" => CaseChange::Upper,
        other => return Err(LowerError::attribute("case_change_action", "NONE, LOWER or UPPER", other)),
    };
    let normalizer = StringNormalizer {
        case,
        is_case_sensitive: node.flag("is_case_sensitive", false)?,
        stop_words: node.strings("stopwords")?.unwrap_or_default(),
    };
    Ok(Text::StringNormalizer(normalizer).into())
}

fn regex_full_match(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Text::RegexFullMatch(RegexFullMatch { pattern: node.string_or("pattern", "")? }).into())
}

fn tf_idf_vectorizer(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let mode = match node.string("mode")?.as_deref() {
        Some("TF") => Weighting::Tf,
        Some("IDF") => Weighting::Idf,
        Some("TFIDF") => Weighting::TfIdf,
        Some(other) => return Err(LowerError::attribute("mode", "TF, IDF or TFIDF", other)),
        None => return Err(LowerError::MissingAttribute("mode".into())),
    };
    let pool = match (node.ints("pool_int64s")?.unwrap_or_default(), node.strings("pool_strings")?) {
        (ints, None) => Tensor::from_slice([ints.len()], ints)?,
        ([], Some(strings)) => Tensor::from_strings([strings.len()], strings)?,
        (ints, Some(_)) => return Err(LowerError::attribute("pool_int64s", "no pool_strings beside", ints)),
    };
    let vectorizer = TfIdfVectorizer {
        min_length: count(node, "min_gram_length")?,
        max_length: count(node, "max_gram_length")?,
        max_skips: count(node, "max_skip_count")?,
        mode,
        starts: counts(node, "ngram_counts")?,
        columns: counts(node, "ngram_indexes")?,
        pool,
        weights: node.floats("weights")?.unwrap_or_default().to_vec(),
    };
    if !vectorizer.weights.is_empty() && vectorizer.weights.len() < vectorizer.n_columns() {
        let expected = format!("{} weights", vectorizer.n_columns());
        return Err(LowerError::attribute("weights", expected, vectorizer.weights.len()));
    }
    Ok(Text::TfIdfVectorizer(Box::new(vectorizer)).into())
}

fn tokenizer(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let tokens = match (node.strings("separators")?, node.string("tokenexp")?) {
        (Some(separators), _) if separators == [""] => Tokens::Chars,
        (Some(separators), _) if !separators.is_empty() => Tokens::Between(separators),
        (_, Some(pattern)) if pattern == "." => Tokens::Chars,
        (_, Some(pattern)) => Tokens::Matching(pattern),
        (_, None) => return Err(LowerError::MissingAttribute("tokenexp".into())),
    };
    let tokenizer = Tokenizer {
        tokens,
        min_chars: count(node, "mincharnum")?.max(1),
        has_marks: node.flag("mark", false)?,
        padding: node.string_or("pad_value", "")?,
    };
    Ok(Text::Tokenizer(tokenizer).into())
}

fn count(node: &NodeContext<'_, '_>, name: &str) -> Result<usize, LowerError> {
    let n = node.required_int(name)?;
    usize::try_from(n).map_err(|_| LowerError::attribute(name, "no negative number", n))
}

fn counts(node: &NodeContext<'_, '_>, name: &str) -> Result<Vec<usize>, LowerError> {
    let values = node.ints(name)?.ok_or_else(|| LowerError::MissingAttribute(name.into()))?;
    let all: Result<Vec<usize>, _> = values.iter().map(|&n| usize::try_from(n)).collect();
    all.map_err(|_| LowerError::attribute(name, "no negative numbers", values))
}
