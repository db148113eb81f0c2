"""ONNX Runtime as a measured engine."""

import onnxruntime as ort

import peer


class OnnxRuntime:
    version = f"ONNX Runtime {ort.__version__}"

    def load(self, model: str, threads: int, outputs: list[str]) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4
        self.session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.outputs = outputs

    def run(self, feeds: dict) -> list:
        return self.session.run(self.outputs, feeds)


if __name__ == "__main__":
    peer.serve(OnnxRuntime())
