"""OpenVINO as a measured engine, held to float32 where the model is."""

import openvino

import peer


class OpenVino:
    version = f"OpenVINO {openvino.get_version().split('-')[0]}"

    def load(self, model: str, threads: int, outputs: list[str]) -> None:
        settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        compiled = openvino.Core().compile_model(model, "CPU", settings)
        self.request = compiled.create_infer_request()
        self.outputs = [compiled.output(name) for name in outputs]

    def run(self, feeds: dict) -> list:
        results = self.request.infer(feeds)
        return [results[output] for output in self.outputs]


if __name__ == "__main__":
    peer.serve(OpenVino())
