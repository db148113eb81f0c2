//! Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).

/// Numbers by position: the `i`-th is a function of the seed and `i`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Philox {
    key: [u32; 2],
}

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// Added to the key after each round: the golden ratio, and the square root of 3 less 1.
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

impl Philox {
    pub fn new(seed: u64) -> Philox {
        Philox { key: [seed as u32, (seed >> 32) as u32] }
    }

    /// The block of 128 random bits number `i`.
    fn block(self, i: u64) -> [u32; 4] {
        permute([i as u32, (i >> 32) as u32, 0, 0], self.key)
    }

    fn words(self, i: u64) -> [u64; 2] {
        let [a, b, c, d] = self.block(i).map(u64::from);
        [a | b << 32, c | d << 32]
    }

    /// Two numbers from 0 to below 1, in steps of 2^-53.
    pub fn uniform_pair(self, i: u64) -> [f64; 2] {
        self.words(i).map(|word| (word >> 11) as f64 / (1u64 << 53) as f64)
    }

    /// A number from 0 to below 1.
    pub fn uniform(self, i: u64) -> f64 {
        self.uniform_pair(i / 2)[(i % 2) as usize]
    }

    /// Two standard normal numbers, by the transform of Box and Muller.
    pub fn normal_pair(self, i: u64) -> [f64; 2] {
        let [a, b] = self.uniform_pair(i);
        // From above 0 to 1, so that the logarithm is finite.
        let radius = (-2.0 * (1.0 - a).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * b).sin_cos();
        [radius * cosine, radius * sine]
    }
}

fn permute(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let product = |i: usize, x: u32| u64::from(MULTIPLIERS[i]) * u64::from(x);
        let (a, b) = (product(0, counter[0]), product(1, counter[2]));
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_the_papers() {
        // The known answers that the authors' Random123 library publishes.
        let cases = [
            ([0; 4], [0; 2], [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]),
            (
                [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344],
                [0xA409_3822, 0x299F_31D0],
                [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1],
            ),
        ];
        for (counter, key, want) in cases {
            assert_eq!(permute(counter, key), want);
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let random = Philox::new(7);
        let n = 100_000;
        let mean = |xs: &[f64]| xs.iter().sum::<f64>() / xs.len() as f64;
        let uniform: Vec<f64> = (0..n).map(|i| random.uniform(i)).collect();
        assert!((mean(&uniform) - 0.5).abs() < 0.005);
        let normal: Vec<f64> = (0..n / 2).flat_map(|i| random.normal_pair(i)).collect();
        let squares: Vec<f64> = normal.iter().map(|x| x * x).collect();
        assert!(mean(&normal).abs() < 0.02 && (mean(&squares) - 1.0).abs() < 0.02);
    }
}
