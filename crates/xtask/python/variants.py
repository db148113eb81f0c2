"""Variants of the fetched models: quantized, half precision, 4-bit, weights in a file beside the model."""

import hashlib
import logging
import pathlib
import time

import onnx

import inputs


def write(model: dict, table: dict, out: pathlib.Path, step) -> list[str]:
    """Make one variant unless it is there and newer than its base; the name if that failed."""
    base = next(m for m in table["model"] if m["name"] == model["base"])
    fed = model if "cases" in model else base
    source, target = out / f"{base['name']}.onnx", out / f"{model['name']}.onnx"
    stamp = out / f".{model['name']}.stamp"
    scripts = pathlib.Path(__file__).read_bytes() + pathlib.Path(inputs.__file__).read_bytes()
    key = hashlib.sha256(scripts + str([fed, source.stat().st_size]).encode()).hexdigest()
    if target.exists() and stamp.exists() and stamp.read_text() == key:
        return []
    start = time.time()
    logging.disable(logging.WARNING)
    kind = model["name"].removeprefix(base["name"] + "_")
    try:
        KINDS[kind](source, target, fed)
    except Exception as error:
        step(f"{model['name']}: {type(error).__name__}: {error}"[:300])
        return [model["name"]]
    stamp.write_text(key)
    step(f"made {model['name']}", time.time() - start)
    return []


def quantized(form: str):
    """Static int8 with ONNX Runtime's quantizer, calibrated on the golden inputs."""

    def convert(source, target, fed):
        from onnxruntime import quantization as q

        class Reader(q.CalibrationDataReader):
            def __init__(self):
                self.left = [inputs.feeds(fed, case) for case in range(len(fed["cases"]))]

            def get_next(self):
                return self.left.pop() if self.left else None

        from onnxruntime.quantization.shape_inference import quant_pre_process

        prepared = target.with_suffix(".prepared")
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        q.quantize_static(
            str(prepared),
            str(target),
            Reader(),
            quant_format=getattr(q.QuantFormat, form),
            per_channel=form == "QDQ",
            activation_type=q.QuantType.QUInt8,
            weight_type=q.QuantType.QInt8,
        )
        prepared.unlink()

    return convert


def dynamic(source, target, fed):
    from onnxruntime import quantization as q

    q.quantize_dynamic(str(source), str(target), weight_type=q.QuantType.QInt8)


def half(source, target, fed):
    from onnxconverter_common import float16

    model = float16.convert_float_to_float16(onnx.load(source), keep_io_types=True)
    onnx.save(model, target)


def four_bit(source, target, fed):
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(onnx.load(source), block_size=32, is_symmetric=False, accuracy_level=1)
    quantizer.process()
    onnx.save(quantizer.model.model, target)


def external(source, target, fed):
    data = target.with_name(target.name + ".data")
    data.unlink(missing_ok=True)
    onnx.save(onnx.load(source), target, save_as_external_data=True, location=data.name, size_threshold=1024)
    data.chmod(0o644)


KINDS = {
    "qdq": quantized("QDQ"),
    "qop": quantized("QOperator"),
    "dynamic": dynamic,
    "f16": half,
    "q4": four_bit,
    "external": external,
}
