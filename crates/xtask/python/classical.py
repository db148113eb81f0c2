"""Classical models: scikit-learn pipelines converted with skl2onnx, each with rows of its own data set.

NAME.inputs.npz beside a model holds the inputs of its golden.
"""

import contextlib
import hashlib
import pathlib
import time

import numpy as np
import onnx


def write(name: str, out: pathlib.Path, step) -> list[str]:
    """Train and convert one pipeline unless it is there; the name if that failed."""
    target, stamp = out / f"{name}.onnx", out / f".{name}.stamp"
    key = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    if target.exists() and stamp.exists() and stamp.read_text() == key:
        return []
    start = time.time()
    try:
        model, feeds = NAMES[name]()
    except Exception as error:
        step(f"{name}: {type(error).__name__}: {error}"[:300])
        return [name]
    target.write_bytes(model.SerializeToString())
    np.savez(out / f"{name}.inputs.npz", **feeds)
    stamp.write_text(key)
    step(f"made {name}", time.time() - start)
    return []


def flowers():
    from sklearn.datasets import load_iris

    data = load_iris()
    return data.data.astype(np.float32), data.target


def diabetes():
    from sklearn.datasets import load_diabetes

    data = load_diabetes()
    return data.data.astype(np.float32), data.target.astype(np.float32)


def cancer():
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    return data.data.astype(np.float32), data.target


def digits():
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.data.astype(np.float32), data.target


def numeric(estimator, data, options=None, rows=24):
    """Fit on a data set of floats; probabilities stay a matrix."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.base import is_classifier

    x, y = data()
    estimator.fit(x, y)
    settings = {id(estimator): {"zipmap": False} | (options or {})} if is_classifier(estimator) else options
    model = convert_sklearn(
        estimator, initial_types=[("x", FloatTensorType([None, x.shape[1]]))], options=settings, target_opset=OPSETS
    )
    return model, {"x": x[:: max(1, len(x) // rows)][:rows]}


OPSETS = {"": 18, "ai.onnx.ml": 3}


def forest():
    from sklearn.ensemble import RandomForestClassifier

    return numeric(RandomForestClassifier(60, random_state=0), cancer)


def forest_regressor():
    from sklearn.ensemble import RandomForestRegressor

    return numeric(RandomForestRegressor(40, max_depth=9, random_state=0), diabetes)


def gradient_boosting():
    from sklearn.ensemble import GradientBoostingClassifier

    return numeric(GradientBoostingClassifier(n_estimators=40, random_state=0), digits)


def gradient_boosting_regressor():
    from sklearn.ensemble import GradientBoostingRegressor

    return numeric(GradientBoostingRegressor(random_state=0), diabetes)


def hist_gradient_boosting():
    from sklearn.ensemble import HistGradientBoostingClassifier

    with integer_flags():
        model, feeds = numeric(HistGradientBoostingClassifier(max_iter=30, random_state=0), cancer)
    feeds["x"][::5, ::7] = np.nan
    return model, feeds


@contextlib.contextmanager
def integer_flags():
    """skl2onnx writes booleans into an integer attribute, which protobuf now refuses."""
    make = onnx.helper.make_attribute

    def flags_as_integers(key, value, *rest, **options):
        if isinstance(value, list) and any(isinstance(v, (bool, np.bool_)) for v in value):
            value = [int(v) for v in value]
        return make(key, value, *rest, **options)

    onnx.helper.make_attribute = flags_as_integers
    try:
        yield
    finally:
        onnx.helper.make_attribute = make


def decision_tree():
    from sklearn.tree import DecisionTreeClassifier

    return numeric(DecisionTreeClassifier(random_state=0), flowers)


def isolation_forest():
    from sklearn.ensemble import IsolationForest

    return numeric(IsolationForest(n_estimators=20, random_state=0), cancer)


def svc_rbf():
    from sklearn.svm import SVC

    return numeric(SVC(kernel="rbf", probability=True, random_state=0), flowers)


def svc_poly():
    from sklearn.svm import SVC

    return numeric(SVC(kernel="poly", degree=3, coef0=0.5), flowers)


def svr():
    from sklearn.svm import SVR

    return numeric(SVR(kernel="rbf"), diabetes)


def one_class_svm():
    from sklearn.svm import OneClassSVM

    return numeric(OneClassSVM(nu=0.1, gamma=0.1), flowers)


def logistic():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return numeric(make_pipeline(StandardScaler(), LogisticRegression()), flowers)


def ridge():
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures

    return numeric(make_pipeline(MinMaxScaler(), PolynomialFeatures(2), Ridge()), diabetes)


def imputed():
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer, RobustScaler

    model, feeds = numeric(make_pipeline(SimpleImputer(), RobustScaler(), Normalizer(), LogisticRegression()), flowers)
    feeds["x"][::3, 1] = np.nan
    return model, feeds


def neighbours():
    from sklearn.neighbors import KNeighborsClassifier

    return numeric(KNeighborsClassifier(5), flowers)


def perceptron():
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return numeric(make_pipeline(StandardScaler(), MLPClassifier((32, 16), max_iter=300, random_state=0)), digits)


def naive_bayes():
    from sklearn.naive_bayes import GaussianNB

    return numeric(GaussianNB(), flowers)


def gaussian_process():
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF

    return numeric(GaussianProcessRegressor(RBF(), alpha=1.0, optimizer=None), flowers)


def kmeans():
    from sklearn.cluster import KMeans

    return numeric(KMeans(4, random_state=0, n_init=3), flowers)


def components():
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Binarizer, StandardScaler
    from sklearn.linear_model import LogisticRegression

    return numeric(make_pipeline(StandardScaler(), PCA(8), Binarizer(threshold=0.1), LogisticRegression()), digits)


def table():
    """Columns of strings and numbers with holes through a column transformer; labels are strings, scores a map."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    import pandas

    rng = np.random.default_rng(5)
    count = 300
    frame = pandas.DataFrame(
        {
            "city": rng.choice(["Oslo", "Bergen", "Tromsø", "Bodø"], count),
            "size": rng.choice(["small", "large"], count),
            "age": rng.uniform(1, 90, count).astype(np.float32),
            "rooms": rng.integers(1, 7, count),
        }
    )
    frame.loc[::11, "age"] = np.nan
    label = np.where(frame["rooms"] + (frame["city"] == "Oslo") * 2 > 4, "dear", "cheap")
    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("city", OneHotEncoder(handle_unknown="ignore"), ["city"]),
                ("size", OrdinalEncoder(), ["size"]),
                ("age", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["age"]),
                ("rooms", "passthrough", ["rooms"]),
            ]
        ),
        RandomForestClassifier(15, random_state=0),
    )
    pipeline.fit(frame, label)
    kinds = [
        ("city", StringTensorType([None, 1])),
        ("size", StringTensorType([None, 1])),
        ("age", FloatTensorType([None, 1])),
        ("rooms", Int64TensorType([None, 1])),
    ]
    model = convert_sklearn(pipeline, initial_types=kinds, target_opset=OPSETS)
    rows = frame.head(24)
    column = lambda name, kind: rows[name].to_numpy().astype(kind)[:, None]
    feeds = {
        "city": column("city", str),
        "size": column("size", str),
        "age": column("age", np.float32),
        "rooms": column("rooms", np.int64),
    }
    feeds["city"][3] = "Narvik"
    return model, feeds


SENTENCES = [
    "the boat left the harbour at dawn",
    "rain fell on the harbour all night",
    "the market opened with fresh fish",
    "prices at the market rose again",
    "a storm kept every boat inside",
    "fish prices fell after the storm",
    "night ferries cross the fjord",
    "the ferry was late, the rain was not",
]


def text_pipeline(vectoriser):
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import StringTensorType
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    labels = np.arange(len(SENTENCES)) % 2
    pipeline = make_pipeline(vectoriser, LogisticRegression())
    pipeline.fit(SENTENCES, labels)
    # The default locale, en_US, is missing on many machines, where ONNX Runtime then refuses the model.
    options = {id(pipeline): {"zipmap": False}, type(vectoriser): {"locale": "C"}}
    kinds = [("text", StringTensorType([None, 1]))]
    model = convert_sklearn(pipeline, initial_types=kinds, options=options, target_opset=OPSETS)
    return model, {"text": np.array([[s] for s in SENTENCES[::-1]])}


def tfidf():
    from sklearn.feature_extraction.text import TfidfVectorizer

    return text_pipeline(TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\b[a-zA-Z]+\b"))


def word_counts():
    from sklearn.feature_extraction.text import CountVectorizer

    return text_pipeline(CountVectorizer(analyzer="char", ngram_range=(1, 3)))


def labelled():
    """String labels and a ZipMap: the outputs are a string tensor and a sequence of maps."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    data = load_iris()
    x = data.data.astype(np.float32)
    estimator = LogisticRegression(max_iter=500).fit(x, data.target_names[data.target])
    kinds = [("x", FloatTensorType([None, 4]))]
    return convert_sklearn(estimator, initial_types=kinds, target_opset=OPSETS), {"x": x[::9]}


NAMES = {
    f"sklearn_{f.__name__}": f
    for f in (
        forest,
        forest_regressor,
        gradient_boosting,
        gradient_boosting_regressor,
        hist_gradient_boosting,
        decision_tree,
        isolation_forest,
        svc_rbf,
        svc_poly,
        svr,
        one_class_svm,
        logistic,
        ridge,
        imputed,
        neighbours,
        perceptron,
        naive_bayes,
        gaussian_process,
        kmeans,
        components,
        table,
        tfidf,
        word_counts,
        labelled,
    )
}
