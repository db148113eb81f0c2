//! Tests of buffers, arenas and loans.

use super::*;

#[test]
fn buffers_are_aligned_and_copied() {
    let buf = AlignedBuf::copy_of(&[1, 2, 3]).unwrap();
    assert_eq!(buf.as_slice(), [1, 2, 3]);
    assert!(Bytes::from(buf).is_aligned_to(64));
    assert_eq!(AlignedBuf::zeroed(0).unwrap().as_slice(), []);
}

#[test]
fn an_arena_hands_out_what_came_back() {
    let arena = Arena::new();
    let first = arena.alloc(1000).unwrap();
    let address = first.as_slice().as_ptr().addr();
    drop(first);
    assert!(arena.kept_bytes() >= 1000);
    let second = arena.alloc(900).unwrap();
    assert_eq!(second.as_slice().as_ptr().addr(), address);
    assert_eq!(second.as_slice().len(), 900);
    assert_eq!(arena.kept_bytes(), 0);
}

#[test]
fn an_absurd_size_is_refused() {
    assert!(AlignedBuf::zeroed(usize::MAX).is_err());
    assert!(Arena::new().alloc(usize::MAX - 3).is_err());
}

#[test]
fn bytes_are_writable_only_alone() {
    let mut bytes = Bytes::from(AlignedBuf::zeroed(8).unwrap());
    assert!(bytes.try_mut().is_some());
    let shared = bytes.clone();
    assert!(bytes.try_mut().is_none());
    drop(shared);
    bytes.try_mut().unwrap()[3] = 7;
    assert_eq!(bytes.slice(3..4).unwrap().as_slice(), [7]);
    assert!(bytes.slice(5..9).is_none());
}

#[test]
fn an_arena_recycles_counters_too() {
    let arena = Arena::new();
    let bytes = Bytes::from(arena.alloc(100).unwrap());
    let shared = bytes.clone();
    drop(bytes);
    assert_eq!((arena.live_bytes(), arena.kept_bytes()), (128, 0));
    drop(shared);
    assert_eq!((arena.live_bytes(), arena.kept_bytes()), (0, 128));
    let bytes = Bytes::from(arena.alloc(100).unwrap());
    assert_eq!((arena.live_bytes(), arena.kept_bytes()), (128, 0));
    drop(arena);
    assert_eq!(bytes.len(), 100);
}

#[test]
fn clones_dropped_at_once_lose_no_memory_from_the_count() {
    let arena = Arena::new();
    for _ in 0..200 {
        let bytes = Bytes::from(arena.alloc(100).unwrap());
        let other = bytes.clone();
        std::thread::scope(|scope| {
            scope.spawn(move || drop(other));
            drop(bytes);
        });
        assert_eq!(arena.live_bytes(), 0);
    }
}

#[test]
fn lent_memory_is_written_in_place_and_comes_back() {
    let arena = Arena::new();
    let (mut a, mut b) = ([0u8; 3], [0u8; 5]);
    for round in 1..3 {
        arena.lending(|lender| {
            let (mut a, b) = (lender.lend(&mut a), lender.lend(&mut b));
            a.try_mut().unwrap().fill(round);
            assert!(a.is_lent() && b.is_lent() && b.len() == 5);
        });
        assert_eq!((a, b), ([round; 3], [0; 5]));
    }
}

#[test]
fn a_loan_ends_with_its_last_holder() {
    let arena = Arena::new();
    let mut memory = [0u8; 4];
    let returned = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        arena.lending(|lender| {
            let mut bytes = lender.lend(&mut memory);
            let returned = &returned;
            scope.spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(20));
                assert!(!returned.load(std::sync::atomic::Ordering::SeqCst));
                bytes.try_mut().unwrap().fill(9);
            });
        });
        returned.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    assert_eq!(memory, [9; 4]);
}
