//! CRC-64 of RDB files: the Jones polynomial 0xad93d23594c935a9, reflected, from 0, nothing added at the end.

const REFLECTED: u64 = 0xad93_d235_94c9_35a9u64.reverse_bits();

/// `TABLES[n][b]`: what byte `b` adds when `n` bytes come behind it.
static TABLES: [[u64; 256]; 8] = {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 != 0 { crc >> 1 ^ REFLECTED } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut behind = 1;
    while behind < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before: u64 = tables[behind - 1][byte];
            tables[behind][byte] = tables[0][(before & 0xff) as usize] ^ before >> 8;
            byte += 1;
        }
        behind += 1;
    }
    tables
};

/// The sum of `bytes`, going on from `crc` (0 at the start). Eight bytes at a time, by as many tables (Kounavis, Berry: A Systematic
/// Approach to Building High Performance, Software-based, CRC Generators, 2005).
pub fn crc64(mut crc: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let mixed = (crc ^ u64::from_le_bytes(*word)).to_le_bytes();
        crc = (0..8).fold(0, |sum, index| sum ^ TABLES[7 - index][mixed[index] as usize]);
    }
    rest.iter().fold(crc, |crc, byte| TABLES[0][(crc as u8 ^ byte) as usize] ^ crc >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_polynomial_comes_out() {
        assert_eq!(crc64(0, b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        assert_eq!(crc64(crc64(0, b"1234"), b"56789"), 0xe9c6_d914_c4b8_d9ca);
        let long: Vec<u8> = (0..1000u32).map(|n| ((n * 7) >> 3) as u8).collect();
        for cut in 0..long.len() {
            assert_eq!(crc64(crc64(0, &long[..cut]), &long[cut..]), crc64(0, &long), "{cut}");
        }
    }
}
