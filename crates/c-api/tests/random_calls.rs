//! Sequences of calls that a small generator thinks up, and those in the fuzzer's corpus: none may end badly.

mod calls;

#[test]
fn random_sequences_of_calls_end_in_statuses() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..2_000 {
        let n = random.next() as usize % 2_000;
        let data: Vec<u8> = (0..n).map(|_| random.next() as u8).collect();
        calls::make_calls(&data);
    }
}

#[test]
fn the_corpus_ends_in_statuses() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/abi");
    for entry in std::fs::read_dir(folder).unwrap() {
        calls::make_calls(&std::fs::read(entry.unwrap().path()).unwrap());
    }
}

/// A small generator (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }
}
