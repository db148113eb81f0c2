//! Reports: where a model's nodes run, and what a run spent.

use std::ffi::{CString, c_char};

use dunlin_core::{NodeReport, Placement, RunReport};

use crate::handle::{Kind, Object, find, free};
use crate::ptr;
use crate::status::{Failure, c_string, dunlin_status, guard, guard_value};

/// Where a model's nodes run, or what a run spent node by node. It does not change once it is made.
#[allow(non_camel_case_types, reason = "the C name")]
pub struct dunlin_report {
    _opaque: [u8; 0],
}

/// One node of a report. Texts are lent: they stay until the report is freed.
#[allow(non_camel_case_types, reason = "the C name")]
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct dunlin_node_report {
    /// `sizeof(dunlin_node_report)`: set it before the call; later versions may add fields.
    pub size: usize,
    /// The node's name in the model, or its operator's.
    pub node: *const c_char,
    /// The operator.
    pub op: *const c_char,
    /// The backend that computes it.
    pub backend: *const c_char,
    /// Why it does not run on the device that was asked for; NULL if it does.
    pub fallback: *const c_char,
    /// Nanoseconds that it took; 0 in a model's report.
    pub nanoseconds: u64,
    /// Bytes of its outputs; 0 in a model's report.
    pub output_bytes: u64,
    /// The element type of its first output, or 0.
    pub dtype: i32,
    /// How deeply it is nested in control flow; 0 for the main graph.
    pub depth: u32,
}

/// The object behind `dunlin_report`.
#[derive(Debug)]
pub(crate) struct Report {
    nodes: Vec<Node>,
    nanoseconds: u64,
    peak_bytes: u64,
    json: CString,
}

#[derive(Debug)]
struct Node {
    node: CString,
    op: CString,
    backend: CString,
    fallback: Option<CString>,
    nanoseconds: u64,
    output_bytes: u64,
    dtype: i32,
    depth: u32,
}

impl Object for Report {
    type Opaque = dunlin_report;
    const KIND: Kind = Kind::Report;
    const NAME: &'static str = "dunlin_report";
}

impl Report {
    pub fn of_run(report: RunReport) -> Report {
        Report {
            nodes: report.nodes.iter().map(Node::of_run).collect(),
            nanoseconds: nanoseconds(report.time),
            peak_bytes: report.peak_bytes as u64,
            json: c_string(&report.to_json()),
        }
    }

    pub fn of_model(report: &dunlin_core::Report) -> Report {
        Report {
            nodes: report.nodes.iter().map(Node::of_model).collect(),
            nanoseconds: 0,
            peak_bytes: 0,
            json: c_string(&report.to_json()),
        }
    }
}

impl Node {
    fn of_run(node: &NodeReport) -> Node {
        Node {
            node: c_string(&node.node),
            op: c_string(node.op),
            backend: c_string(node.backend),
            fallback: node.fallback.as_deref().map(c_string),
            nanoseconds: nanoseconds(node.time),
            output_bytes: node.output_bytes as u64,
            dtype: node.dtype.map_or(0, |dtype| dtype.onnx_code()),
            depth: u32::try_from(node.depth).unwrap_or(u32::MAX),
        }
    }

    fn of_model(node: &Placement) -> Node {
        Node {
            node: c_string(&node.node),
            op: c_string(node.op),
            backend: c_string(node.backend),
            fallback: node.fallback.as_deref().map(c_string),
            nanoseconds: 0,
            output_bytes: 0,
            dtype: 0,
            depth: 0,
        }
    }

    fn lend(&self) -> dunlin_node_report {
        dunlin_node_report {
            size: size_of::<dunlin_node_report>(),
            node: self.node.as_ptr(),
            op: self.op.as_ptr(),
            backend: self.backend.as_ptr(),
            fallback: self.fallback.as_ref().map_or(std::ptr::null(), |text| text.as_ptr()),
            nanoseconds: self.nanoseconds,
            output_bytes: self.output_bytes,
            dtype: self.dtype,
            depth: self.depth,
        }
    }
}

fn nanoseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How many nodes a report has. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_report_node_count(report: *const dunlin_report) -> usize {
    guard_value(0, || Ok(find::<Report>(report)?.nodes.len()))
}

/// Node `index` of a report, in the order in which nodes ran. Set `out_node->size` before.
///
/// Statuses: `DUNLIN_NOT_FOUND` if there is none, `DUNLIN_INPUT` if the size is not that of a known version. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_report_node(
    report: *const dunlin_report,
    index: usize,
    out_node: *mut dunlin_node_report,
) -> dunlin_status {
    guard(|| {
        let out = ptr::slice_mut(out_node, 1, "out_node")?;
        let report = find::<Report>(report)?;
        ptr::check_size(out[0].size, size_of::<dunlin_node_report>(), "dunlin_node_report")?;
        let none = || {
            let message = format!("no node {index}: there are {}", report.nodes.len());
            Failure::new(dunlin_status::DUNLIN_NOT_FOUND, message)
        };
        out[0] = report.nodes.get(index).ok_or_else(none)?.lend();
        Ok(())
    })
}

/// Nanoseconds of the whole run; 0 in a model's report. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_report_nanoseconds(report: *const dunlin_report) -> u64 {
    guard_value(0, || Ok(find::<Report>(report)?.nanoseconds))
}

/// The most bytes of tensors that the run held at a time; 0 in a model's report. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_report_peak_bytes(report: *const dunlin_report) -> u64 {
    guard_value(0, || Ok(find::<Report>(report)?.peak_bytes))
}

/// The report as JSON, or NULL for handles that are not valid. The text is lent until the report is freed. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_report_json(report: *const dunlin_report) -> *const c_char {
    guard_value(std::ptr::null(), || Ok(find::<Report>(report)?.json.as_ptr()))
}

/// Ends a report. NULL is allowed. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_report_free(report: *mut dunlin_report) {
    guard(|| {
        free::<Report>(report);
        Ok(())
    });
}
