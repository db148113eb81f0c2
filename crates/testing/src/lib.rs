//! Goldens, tolerances, conformance suites.
