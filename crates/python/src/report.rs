//! Reports: where a model's nodes run, and what a run spent.

use pyo3::prelude::*;

/// Where a model's nodes run, or what a run spent node by node.
#[pyclass(frozen, module = "dunlin")]
pub(crate) struct Report(String);

impl Report {
    pub fn of_model(report: &dunlin_core::Report) -> Report {
        Report(report.to_json())
    }

    pub fn of_run(report: &dunlin_core::RunReport) -> Report {
        Report(report.to_json())
    }
}

#[pymethods]
impl Report {
    /// The report as JSON.
    fn to_json(&self) -> &str {
        &self.0
    }

    /// The report as dictionaries, lists, numbers and strings.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("json")?.call_method1("loads", (&self.0,))
    }
}
