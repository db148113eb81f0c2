//! Matches on operators of which only the arms that this build computes are compiled (`dunlin_ir::built` says which).

/// A `match` whose arms `Family::Variant(..) => result` hold only where the build computes the variant, and are an error
/// elsewhere. Arms of other patterns, to be last, hold always.
macro_rules! built {
    (match $op:ident { $($arms:tt)* }) => { $crate::cpu::arms::built!(@ $op {} $($arms)*) };
    (@ $op:ident { $($done:tt)* }) => { match $op { $($done)* } };
    (@ $op:ident { $($done:tt)* }
        $family:ident :: $variant:ident $(($($field:tt)*))? $({ $($named:tt)* })? $(if $guard:expr)? => $body:block
        $(,)? $($rest:tt)*
    ) => {
        $crate::cpu::arms::built!(@ $op { $($done)*
            $family::$variant $(($($field)*))? $({ $($named)* })? $(if $guard)? => {
                if const { dunlin_ir::built::has_variant(stringify!($family), stringify!($variant)) } $body
                else { Err($crate::cpu::arms::left_out(stringify!($family))) }
            }
        } $($rest)*)
    };
    (@ $op:ident { $($done:tt)* }
        $family:ident :: $variant:ident $(($($field:tt)*))? $({ $($named:tt)* })? $(if $guard:expr)? => $body:expr
        $(, $($rest:tt)*)?
    ) => {
        $crate::cpu::arms::built!(@ $op { $($done)*
            $family::$variant $(($($field)*))? $({ $($named)* })? $(if $guard)? => {
                if const { dunlin_ir::built::has_variant(stringify!($family), stringify!($variant)) } { $body }
                else { Err($crate::cpu::arms::left_out(stringify!($family))) }
            }
        } $($($rest)*)?)
    };
    (@ $op:ident { $($done:tt)* } $pattern:pat $(if $guard:expr)? => $body:expr $(, $($rest:tt)*)?) => {
        $crate::cpu::arms::built!(@ $op { $($done)* $pattern $(if $guard)? => $body, } $($($rest)*)?)
    };
}

pub(crate) use built;

/// The error of an operator that this build does not compute.
#[cold]
pub(crate) fn left_out(family: &str) -> crate::OpError {
    dunlin_ir::built::LeftOut { feature: dunlin_ir::built::feature_of(family) }.into()
}
