//! Walking over the elements of a window, for any number of axes.

use dunlin_ir::op::window::Axis;

/// Calls `f(tap, at)` for each element of window `window` that lies in the input: `tap` numbers it within the window,
/// `at` within a plane of the input.
pub(super) fn for_each_tap(axes: &[Axis], window: usize, mut f: impl FnMut(usize, usize)) {
    let n_windows: usize = axes.iter().map(|axis| axis.output).product();
    descend(axes, n_windows, window, 0, 0, &mut f);
}

fn descend(
    axes: &[Axis],
    n_windows: usize,
    window: usize,
    tap: usize,
    at: usize,
    f: &mut impl FnMut(usize, usize),
) {
    let Some((axis, rest)) = axes.split_first() else { return f(tap, at) };
    let below = n_windows / axis.output;
    let (o, window) = (window / below, window % below);
    for k in 0..axis.kernel {
        if let Some(position) = axis.position(o, k) {
            descend(rest, below, window, tap * axis.kernel + k, at * axis.input + position, f);
        }
    }
}
