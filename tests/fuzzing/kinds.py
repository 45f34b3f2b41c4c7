"""Every kind of file that is read: how a small one is made, damaged and used."""

import gzip
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.fuzzing import mutations
from tests.vectors.formats import fasttext_files
from textdl import (
    AveragedVectors,
    BM25Vectorizer,
    CountVectorizer,
    Doc2Vec,
    EmbeddingBagClassifier,
    FastText,
    FastTextClassifier,
    HashingVectorizer,
    MLPClassifier,
    MLPRegressor,
    Phrases,
    TextClassifier,
    TfidfVectorizer,
    Vectors,
    Word2Vec,
)
from textdl.bow.loading import load as load_bow
from textdl.bow.search import Index
from textdl.classify.examples import make_targets, read_examples
from textdl.cli.main import main
from textdl.errors import ParameterError
from textdl.plot.curves import read_history
from textdl.vectors.evaluate import evaluate_analogies, evaluate_word_pairs

TEXTS = ["the cat sat", "the dog sat on the mat", "orange, apple, grape", "a cat and a dog ☘"]
LABELS = ["pets", "pets", "fruit", "pets"]
WORDS = ["the", "cat", "sat", "dog", "apple", "naïve"]
MATRIX = np.random.default_rng(0).normal(size=(len(WORDS), 3)).astype(np.float32)
COUNTS = np.random.default_rng(1).integers(0, 3, (8, 5)).astype(float)


class Kind(NamedTuple):
    """A kind of file."""

    name: str  # of the file
    make: Callable[[Path], object]
    damage: Callable  # (bytes, Random) -> bytes
    use: Callable[[Path], object]  # does what users do with such a file


def vectors():
    return Vectors(WORDS, MATRIX, np.arange(len(WORDS))[::-1], config={"seed": 1, "layers": [3, 2]})


def run(*arguments):
    """A command line; its exit code is for others to judge."""
    with suppress(SystemExit):
        main([str(argument) for argument in arguments])


def use_vectors(path):
    loaded = Vectors.load(path)
    if len(loaded):
        first = loaded.labels[0]
        loaded.most_similar(first)
        loaded.most_similar_batch(list(loaded.labels[:3]))
        loaded.similarity(first, loaded.labels[-1])
        if len(loaded) > 2:
            loaded.doesnt_match(loaded.labels[:3])
    _ = "cat" in loaded, loaded.key_to_index
    loaded.save(path.with_name("again.safetensors"))
    Vectors.load(path.with_name("again.safetensors"), verify=True)
    if len(loaded):
        with suppress(ParameterError):  # a word may hold a space
            loaded.save(path.with_name("again.txt"))
    run("info", path, "--json")
    run("similar", path, "cat")


def look_up(path):
    """Less than `use_vectors`, for formats that are only read and asked."""
    loaded = Vectors.load(path)
    assert np.isfinite(loaded.matrix).all()
    if len(loaded):
        loaded.most_similar(loaded.labels[0])
    _ = "cat" in loaded, loaded.key_to_index, loaded.norms
    return loaded


def use_model(path):
    """fastText's, of which unseen words are asked, too."""
    loaded = look_up(path)
    for word in ("cats", "☘", "", "x" * 100):
        if word in loaded:
            _ = loaded[word]
    again = path.with_name("again.bin")
    if loaded.subwords is None or loaded.subwords.bucket < 10_000:
        with suppress(ParameterError):  # an empty word
            loaded.save(again, format="fasttext")
            look_up(again)


def model(*, quantized):
    sizes = {"minn": 2, "maxn": 3, "bucket": 20}
    rng = np.random.default_rng(0)
    if not quantized:
        return fasttext_files.model(WORDS, rng.normal(size=(len(WORDS) + 20, 3)), **sizes)
    kept = {place: row for row, place in enumerate(range(0, 20, 2))}
    codes = rng.integers(0, 256, (len(WORDS) + len(kept), 2)).astype(np.uint8)
    norms = (codes[:, 0].copy(), rng.random(256))
    matrix = fasttext_files.quantized(codes, rng.normal(size=(256, 3)), 2, norms)
    labels = ["__label__a"]
    return fasttext_files.model(WORDS, matrix, labels=labels, pruned=list(kept.items()), **sizes)


def classifier_of_fasttext():
    sizes = {"minn": 2, "maxn": 3, "bucket": 20, "wordNgrams": 2, "model": 3, "loss": 1}
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(len(WORDS) + 20, 3))
    raw = fasttext_files.model(WORDS, matrix, labels=["__label__a", "__label__b"], **sizes)
    empty = fasttext_files.dense(np.zeros((0, 3)))
    return raw[: -len(empty)] + fasttext_files.dense(rng.normal(size=(2, 3)))


def use_classifier_of_fasttext(path):
    classifier = FastTextClassifier.load(path)
    found = classifier.predict_details([*TEXTS, "", "__label__a the cat"])
    assert found.probabilities.shape == (len(TEXTS) + 2, len(classifier.classes_))
    run("classify", "predict", path, "the cat")


def make_arrow(path, *, compression, stream=False):
    """A few batches, with lists of any size and another column."""
    pa = pytest.importorskip("pyarrow")
    numbers = pa.array(MATRIX.tolist(), pa.list_(pa.float32()))
    counts = pa.array(range(len(WORDS)))
    table = pa.table({"n": counts, "word": WORDS, "vector": numbers, "count": counts})
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with make(str(path), table.schema, options=options) as file:
        file.write_table(table, max_chunksize=4)


def use_projector(path):
    labels = path.with_name("v_metadata.tsv")
    labels.write_text("".join(f"{word}\n" for word in WORDS), "utf-8")
    look_up(path)


def use_projector_labels(path):
    numbers = path.with_name("v.tsv")
    numbers.write_text("\n".join("\t".join(map(str, row)) for row in MATRIX.tolist()))
    look_up(numbers)


def make_in_folder(name):
    def make(path):
        vectors().save(path.with_name("folder"), format="model2vec")
        path.write_bytes((path.with_name("folder") / name).read_bytes())

    return make


def use_in_folder(name):
    """A folder of model2vec in which one file is damaged."""

    def use(path):
        folder = path.with_name(f"folder of {name}")
        if not folder.exists():
            vectors().save(folder, format="model2vec")
        (folder / name).write_bytes(path.read_bytes())
        loaded = look_up(folder)
        with suppress(ParameterError):  # the package is not installed
            loaded.tokenizer("The cat, a naïve dog.")

    return use


def gzipped(make):
    def make_compressed(path):
        make(path)
        path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))

    return make_compressed


def make_bow(vectorizer, *, matrix):
    def make(path):
        rows = vectorizer.fit_transform(TEXTS)
        given = (rows, [("a.txt", 1), ("b.txt", len(TEXTS) - 1)]) if matrix else ()
        vectorizer.save(path, *given)

    return make


def use_bow(path):
    saved = load_bow(path)
    again = path.with_name("again")
    saved.vectorizer.save(again, saved.matrix)
    load_bow(again)
    rows = saved.vectorizer.transform([*TEXTS, "", "new words"])
    if hasattr(saved.vectorizer, "inverse_transform"):
        saved.vectorizer.inverse_transform(rows)
        saved.vectorizer.get_feature_names_out()
        saved.vectorizer.merge(saved.vectorizer).transform(TEXTS)
    if saved.matrix is not None:
        Index.open(path).search(["the cat", "zzz"], topn=3)
        run("bow", "similar", path, "the dog sat", "--json")
    run("info", path, "--json")


def make_phrases(*, counts=True, **parameters):
    def make(path):
        phrases = Phrases(min_count=1, tokenizer="whitespace", **parameters)
        phrases.fit([*TEXTS, "cat and the dog_s", "the mat"]).save(path, counts=counts)

    return make


def use_phrases(path):
    phrases = Phrases.load(path)
    _ = phrases.phrases_, phrases.fingerprint
    list(phrases.transform([*TEXTS, "", "new words"]))
    phrases.save(path.with_name("again"))
    if phrases.has_counts:
        phrases.merge(phrases).partial_fit(TEXTS).set_params(threshold=0.1).phrases_  # noqa: B018
    run("info", path, "--json")


def make_network(kind, targets):
    def make(path):
        bag = kind is EmbeddingBagClassifier
        model = kind(4, epochs=1) if bag else kind((3,), max_iter=1)
        model.fit(COUNTS, targets).save(path)

    return make


def use_network(kind):
    def use(path):
        model = kind.load(path)
        model.predict(COUNTS[:, : model.n_features_in_])
        if hasattr(model, "predict_proba"):
            answers = model.predict_proba(COUNTS)
            assert np.isfinite(answers).all()
        model.summary()
        model.save(path.with_name("again"))
        kind.load(path.with_name("again"))
        if kind is not EmbeddingBagClassifier:
            read_history(path)
            run("info", path, "--json")

    return use


def make_classifier(labels=LABELS, **parameters):
    def make(path):
        epochs = {} if parameters.get("model") == "linear" else {"epochs": 1}
        TextClassifier(**epochs, **parameters).fit(TEXTS, labels).save(path)

    return make


def use_classifier(path):
    model = TextClassifier.load(path)
    model.predict(TEXTS)
    assert np.isfinite(model.predict_proba([*TEXTS, ""])).all()
    model.top_features(2)
    model.save(path.with_name("again"))
    TextClassifier.load(path.with_name("again"))
    run("info", path)
    run("classify", "predict", path, "the cat", "--json")


def make_averages(path):
    AveragedVectors(vectors(), weighting="usif", remove_components=2).fit(TEXTS).save(path)


def use_averages(path):
    averages = AveragedVectors.load(path)
    assert np.isfinite(averages.transform([*TEXTS, ""])).all()
    averages.save(path.with_name("again"))
    AveragedVectors.load(path.with_name("again"))
    run("info", path, "--json")


def make_embedding(kind):
    def make(path):
        small = {"vector_size": 3, "min_count": 1, "epochs": 1, "tokenizer": "whitespace"}
        kind(**small, **({"min_n": 2, "bucket": 20} if kind is FastText else {})).fit(TEXTS).save(
            path
        )

    return make


def use_embedding(kind):
    """A model is loaded, asked, and written again; that it can be trained on is not tried."""

    def use(path):
        model = kind.load(path)
        vectors = model.vectors_
        vectors.most_similar(vectors.labels[0])
        model.save(path.with_name("again.safetensors"))
        run("info", path, "--json")
        run("similar", path, "cat")

    return use


def text_file(text):
    return lambda path: path.write_bytes(text.encode())


def use_records(path):
    examples = read_examples(path)
    make_targets([labels[0] if labels else "" for labels in examples.labels])
    CountVectorizer().fit_transform(examples.texts)


PAIRS = "# words\nthe\tcat\t7.5\ncat\tdog\t8\ndog\tapple\t1.25\nnaïve\tcat\t.5\n"
QUESTIONS = ": pets\nthe cat the dog\ncat dog sat apple\n: gram\nthe cat sat dog\n"
REPORT = '{"words": 7}\n{"words": 7, "loss": [2.5, 1.25, null]}\n'
RECORDS = {
    "tsv": "label\ttext\nspam\tbuy now\nham\tsee you\nspam\tcheap\n",
    "csv": 'label,text\nspam,"buy, ""now"""\nham,see you\n',
    "jsonl": '{"label": "spam", "text": "buy"}\n{"label": ["ham"], "text": "see you"}\n',
    "txt": "__label__spam buy now\n__label__ham see __label__you\n",
}

CONTAINER = mutations.damage_container
TEXT = mutations.damage_text
BINARY = mutations.damage_word2vec_binary

KINDS = {
    "vectors": Kind("v.safetensors", lambda p: vectors().save(p), CONTAINER, use_vectors),
    "word2vec-text": Kind("v.txt", lambda p: vectors().save(p), TEXT, use_vectors),
    "word2vec-binary": Kind("v.bin", lambda p: vectors().save(p), BINARY, use_vectors),
    "word2vec-text-gzip": Kind(
        "v.txt",
        gzipped(lambda p: vectors().save(p)),
        mutations.damage_gzip(TEXT),
        use_vectors,
    ),
    "word2vec-binary-gzip": Kind(
        "v.bin",
        gzipped(lambda p: vectors().save(p)),
        mutations.damage_gzip(BINARY),
        use_vectors,
    ),
    **{
        f"vectors-{dtype}": Kind(
            "v.safetensors",
            lambda p, dtype=dtype: vectors().save(p, dtype=dtype),
            CONTAINER,
            use_vectors,
        )
        for dtype in ("float16", "bfloat16", "int8")
    },
    **{
        f"word2vec-text{suffix}": Kind(
            f"v.txt{suffix}",
            lambda p: vectors().save(p),
            mutations.damage_bytes,
            look_up,
        )
        for suffix in (".bz2", ".xz", ".zst")
    },
    **{
        f"fasttext-{name}": Kind(
            "m.bin",
            lambda p, name=name: p.write_bytes(model(quantized=name == "ftz")),
            mutations.damage_records,
            use_model,
        )
        for name in ("bin", "ftz")
    },
    "fasttext-classifier": Kind(
        "m.bin",
        lambda p: p.write_bytes(classifier_of_fasttext()),
        mutations.damage_records,
        use_classifier_of_fasttext,
    ),
    "npz": Kind("v.npz", lambda p: vectors().save(p), mutations.damage_npz, look_up),
    "parquet": Kind("v.parquet", lambda p: vectors().save(p), mutations.damage_bytes, look_up),
    "arrow": Kind("v.arrow", lambda p: vectors().save(p), mutations.damage_records, look_up),
    **{
        f"arrow-{name}": Kind(
            "v.arrow",
            lambda p, options=options: make_arrow(p, **options),
            mutations.damage_records,
            look_up,
        )
        for name, options in {
            "zstd": {"compression": "zstd"},
            "lz4-stream": {"compression": "lz4", "stream": True},
        }.items()
    },
    "projector": Kind("v.tsv", lambda p: vectors().save(p), TEXT, use_projector),
    "projector-labels": Kind(
        "v_metadata.tsv",
        lambda p: vectors().save(p.with_name("v.tsv")),
        TEXT,
        use_projector_labels,
    ),
    "model2vec-vectors": Kind(
        "m.safetensors",
        make_in_folder("model.safetensors"),
        CONTAINER,
        use_in_folder("model.safetensors"),
    ),
    "model2vec-tokenizer": Kind(
        "t.json",
        make_in_folder("tokenizer.json"),
        mutations.damage_json,
        use_in_folder("tokenizer.json"),
    ),
    "glove": Kind("g.txt", text_file("the 1 2\ncat .5 -3e-2\nat noon 4 5\n"), TEXT, use_vectors),
    **{
        f"bow-{name}{'-matrix' if matrix else ''}": Kind(
            "b.safetensors", make_bow(vectorizer, matrix=matrix), CONTAINER, use_bow
        )
        for matrix in (False, True)
        for name, vectorizer in {
            "counts": CountVectorizer(ngram_range=(1, 2), stop_words=["on", "and"], min_df=1),
            "tfidf": TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), sublinear_tf=True),
            "bm25": BM25Vectorizer(token_pattern=r"\w+|[^\w\s]"),
            "hashing": HashingVectorizer(n_features=64),
        }.items()
    },
    **{
        f"phrases-{name}": Kind("p", make_phrases(**given), CONTAINER, use_phrases)
        for name, given in {
            "counts": {"threshold": 0.1, "connector_words": ["and", "a", "the"]},
            "lean": {"scoring": "npmi", "threshold": 0.1, "counts": False},
            "rounds": {"threshold": 0.1, "rounds": 2},
        }.items()
    },
    "classifier": Kind(
        "m", make_network(MLPClassifier, [*"abcabcab"]), CONTAINER, use_network(MLPClassifier)
    ),
    "regressor": Kind(
        "m", make_network(MLPRegressor, COUNTS[:, 0]), CONTAINER, use_network(MLPRegressor)
    ),
    "embedding-bag": Kind(
        "m",
        make_network(EmbeddingBagClassifier, [1, 2] * 4),
        CONTAINER,
        use_network(EmbeddingBagClassifier),
    ),
    **{
        f"text-classifier-{name}": Kind("c", make_classifier(**given), CONTAINER, use_classifier)
        for name, given in {
            "tfidf": {"hidden_layer_sizes": (3,)},
            "counts": {"features": "counts", "model": "linear", "stop_words": ["the"]},
            "vectors": {"features": "vectors", "vectors": vectors(), "hidden_layer_sizes": (3,)},
            "bag": {"features": "bag", "vector_size": 3},
            "several": {
                "features": "bag",
                "vector_size": 3,
                "labels": [["pets"], ["pets", "mats"], ["fruit"], []],
            },
        }.items()
    },
    **{
        f"model-{kind.__name__}": Kind(
            "m.safetensors", make_embedding(kind), CONTAINER, use_embedding(kind)
        )
        for kind in (Word2Vec, FastText, Doc2Vec)
    },
    "averages": Kind("a", make_averages, CONTAINER, use_averages),
    "word-pairs": Kind(
        "p.txt", text_file(PAIRS), TEXT, lambda path: evaluate_word_pairs(vectors(), path)
    ),
    "analogies": Kind(
        "q.txt", text_file(QUESTIONS), TEXT, lambda path: evaluate_analogies(vectors(), path)
    ),
    "report": Kind("r.json", text_file(REPORT), TEXT, read_history),
    **{
        f"records-{suffix}": Kind(f"r.{suffix}", text_file(text), TEXT, use_records)
        for suffix, text in RECORDS.items()
    },
}
