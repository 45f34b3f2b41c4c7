"""`textdl classify`: from labeled lines to a model, its predictions and its scores."""

import bz2
import gzip
import json
import subprocess
import sys

import pytest

from textdl import AveragedVectors, TextClassifier, TfidfVectorizer, Vectors
from textdl.cli.main import main

ROWS = [
    ("ham", "see you at noon"),
    ("ham", "lunch at noon, you and me"),
    ("ham", "are you at home"),
    ("spam", "win a prize, call now"),
    ("spam", "call now for your free prize"),
    ("spam", "free prize ½ £"),
]
FAST = ["--features", "bag", "--vector-size", "4", "--epochs", "30", "--learning-rate", "0.3"]


def tsv(rows, header=""):
    return (header + "".join(f"{label}\t{text}\n" for label, text in rows)).encode()


@pytest.fixture(scope="module")
def mail(tmp_path_factory):
    path = tmp_path_factory.mktemp("mail") / "mail.tsv"
    path.write_bytes(tsv(ROWS))
    return path


@pytest.fixture(scope="module")
def model(mail):
    path = mail.with_name("model.safetensors")
    assert main(["classify", "train", str(mail), "-o", str(path), *FAST]) == 0
    return path


@pytest.fixture
def run(capsys):
    """Run a command line that must work; what it printed, read as JSON where that was asked for."""

    def check(*arguments, warns=""):
        arguments = list(map(str, arguments))
        code = main(arguments)
        out, err = capsys.readouterr()
        assert code == 0
        assert err == warns
        return json.loads(out) if "--json" in arguments else out

    return check


# train


def test_train_of_a_network_of_sequences_cuts_aloud(mail, run, capsys, tmp_path):
    path = tmp_path / "m.safetensors"
    options = ["--model", "cnn", "--units", "4", "--epochs", "3", "--max-length", "5", "--quiet"]
    assert main(["classify", "train", str(mail), "-o", str(path), *options]) == 0
    out, err = capsys.readouterr()
    assert "tokens cnn, 3 epochs" in out
    assert "textdl: warning: 3 of 6 sequences were cut to max_length=5, which loses" in err
    report = run("classify", "predict", path, "free prize", "--json")
    assert {each["label"] for each in report[0]["labels"]} <= {"ham", "spam"}


def test_train_prints_what_was_trained(run, mail, tmp_path):
    train = ["classify", "train", mail, "-o", tmp_path / "m", *FAST]
    report = run(*train, "--json")
    assert report.pop("seconds") > 0
    assert report.pop("loss") < 0.3
    assert report == {
        "texts": 6,
        "classes": 2,
        "terms": 18,
        "features": "bag",
        "model": "linear",
        "epochs": 30,
        "accuracy": 1.0,
        "output": str(tmp_path / "m"),
    }
    out = run(*train)
    assert out.startswith(f"6 texts, 2 classes, 18 terms in {tmp_path / 'm'}: bag linear, 30 ep")
    assert out.count("\n") == 1


def jsonl(rows):
    return "".join(json.dumps({"text": t, "label": c}) + "\n" for c, t in rows).encode()


FORMATS = {
    "a.tsv": tsv(ROWS),
    "header.tsv": tsv([(text, label) for label, text in ROWS], "text\tlabel\n"),
    "a.tsv.gz": gzip.compress(tsv(ROWS)),
    "a.csv": "".join(f'{label},"{text}"\n' for label, text in ROWS).encode(),
    "header.csv.bz2": bz2.compress(
        ("id,label,text\n" + "".join(f'1,{label},"{text}"\n' for label, text in ROWS)).encode()
    ),
    "a.jsonl": jsonl(ROWS),
    "a.jsonl.gz": gzip.compress(jsonl(ROWS)),
    "a.txt": "".join(f"__label__{label} {text}\n" for label, text in ROWS).encode(),
    "a.txt.gz": gzip.compress(
        "".join(f"__label__{label} {text}\n" for label, text in ROWS).encode()
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_train_every_format_gives_the_same_model(run, model, tmp_path, name):
    (tmp_path / name).write_bytes(FORMATS[name])
    run("classify", "train", tmp_path / name, "-o", tmp_path / "m", *FAST)
    assert (tmp_path / "m").read_bytes() == model.read_bytes()


def test_train_parquet_gives_the_same_model(run, model, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    labels, texts = map(list, zip(*ROWS, strict=True))
    path = tmp_path / "mail.parquet"
    parquet.write_table(pyarrow.table({"text": texts, "label": labels}), path)
    run("classify", "train", path, "-o", tmp_path / "m", *FAST)
    assert (tmp_path / "m").read_bytes() == model.read_bytes()


def test_train_columns_and_where_select_cells_and_rows(run, model, tmp_path):
    rows = [f"{text}\ttrain\t{label}\n" for label, text in ROWS] + ["see\ttest\tspam\n"]
    (tmp_path / "a.tsv").write_text("".join(rows), "utf-8")
    columns = ["--columns", "body,part,kind", "--text", "body", "--label", "kind"]
    where = ["--where", "part=train"]
    run("classify", "train", tmp_path / "a.tsv", "-o", tmp_path / "m", *FAST, *columns, *where)
    assert (tmp_path / "m").read_bytes() == model.read_bytes()
    where = ["--where", "part=test"]
    report = run("classify", "evaluate", model, tmp_path / "a.tsv", *columns, *where, "--json")
    assert (report["texts"], report["accuracy"]) == (1, 0.0)


def test_train_default_of_few_texts_is_a_linear_model(run, mail, tmp_path):
    report = run("classify", "train", mail, "-o", tmp_path / "m", "--json")
    assert (report["features"], report["model"]) == ("tfidf", "linear")
    assert "comparison" not in report
    assert run("classify", "predict", tmp_path / "m", "free prize").startswith("spam 0.")


def test_train_two_texts_reports_no_figure_that_was_not_measured(run, tmp_path):
    path = tmp_path / "two.tsv"
    path.write_bytes(tsv([("spam", "free prize"), ("ham", "see you")]))
    out = run("classify", "train", path, "-o", tmp_path / "m")
    assert "2 texts, 2 classes" in out
    assert "nan" not in out
    assert "left out" not in out
    report = run("classify", "train", path, "-o", tmp_path / "m", "--json")
    assert "held_out_accuracy" not in report
    assert "loss" not in run("info", tmp_path / "m", "--json")


def test_train_options_become_parameters(run, mail, tmp_path):
    options = ["--ngrams", "1,2", "--min-df", "2", "--max-df", "0.9", "--max-features", "9"]
    options += ["--stop-words", "english", "--no-lowercase", "--hidden", "3,2", "--dropout", "0.1"]
    options += [
        "--idf-power",
        "1.5",
        "--epochs",
        "2",
        "--batch-size",
        "4",
        "--learning-rate",
        "0.1",
        "--seed",
        "7",
    ]
    run("classify", "train", mail, "-o", tmp_path / "m", *options, "--jobs", "1", "--quiet")
    model = TextClassifier.load(tmp_path / "m")
    assert model.settings_["features"] == "tfidf"
    given = model.get_params()
    assert {name: value for name, value in given.items() if value is not None} == {
        "ngram_range": (1, 2),
        "min_df": 2,
        "max_df": 0.9,
        "max_features": 9,
        "stop_words": "english",
        "lowercase": False,
        "hidden_layer_sizes": (3, 2),
        "dropout": 0.1,
        "idf_power": 1.5,
        "epochs": 2,
        "batch_size": 4,
        "learning_rate": 0.1,
        "seed": 7,
        "verbose": False,
        "model": "auto",
    }


def test_train_word_vectors_are_kept_in_the_model(run, refused, mail, tmp_path):
    words = sorted({word for _, text in ROWS for word in text.replace(",", " ").split()})
    ids = [[float(i == j) for j in range(len(words))] for i in range(len(words))]
    Vectors(words, ids).save(tmp_path / "v.safetensors")
    train = ["classify", "train", str(mail), "-o", str(tmp_path / "m"), "--features", "vectors"]
    run(*train, "--vectors", tmp_path / "v.safetensors", "--model", "linear")
    (tmp_path / "v.safetensors").unlink()  # they are in the model
    assert run("classify", "evaluate", tmp_path / "m", mail, "--json")["accuracy"] == 1
    refused(train, 2, "(--vectors)")
    TfidfVectorizer().fit(["a cat"]).save(tmp_path / "bow")
    refused([*train, "--vectors", str(tmp_path / "bow")], 1, "expected Vectors")


def test_train_weighted_word_vectors(run, refused, mail, tmp_path):
    Vectors(["free", "prize", "noon", "you"], [[1, 0], [1, 0.1], [0, 1], [0.2, 1]]).save(
        tmp_path / "v.safetensors"
    )
    train = ["classify", "train", mail, "-o", tmp_path / "m", "--model", "linear"]
    vectors = ["--features", "vectors", "--vectors", tmp_path / "v.safetensors"]
    run(*train, *vectors, "--weighting", "sif")
    assert run("info", tmp_path / "m", "--json")["config"]["weighting"] == "sif"
    refused(
        [*map(str, [*train, *vectors, "--weighting", "best"])],
        2,
        "'best' is unknown; expected one of mean",
    )
    refused([*map(str, [*train, "--weighting", "sif"])], 2, "does not go with features='tfidf'")


def test_train_linear_model_with_class_weights(run, refused, mail, tmp_path):
    train = ["classify", "train", mail, "-o", tmp_path / "m", "--model", "linear"]
    out = run(*train, "--class-weight", "spam=2,ham=1", "--C", "0.5")
    assert "tfidf linear" in out
    assert out.endswith(" on texts that were left out\n")
    config = run("info", tmp_path / "m", "--json")["config"]
    assert (config["class_weight"], config["C"]) == ({"spam": 2.0, "ham": 1.0}, 0.5)
    facts = run(*train, "--class-weight", "balanced", "--json")
    assert 0 <= facts["held_out_accuracy"] <= 1
    refused([*map(str, train), "--class-weight", "spam"], 2, "'spam' is not balanced, nor a list")
    refused([*map(str, train), "--class-weight", "eggs=2"], 1, "class_weight has 'eggs'")


def test_train_autotune_prints_trials_and_saves_the_winner(capsys, refused, mail, tmp_path):
    train = ["classify", "train", str(mail), "-o", str(tmp_path / "m"), "--model", "linear"]
    assert main([*train, "--autotune", "60s", "--trials", "3", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [line.split(":")[1] for line in err.splitlines()] == [f" trial {k}" for k in (1, 2, 3)]
    facts = json.loads(out)
    assert len(facts["comparison"]) == 3
    assert sum(row["chosen"] for row in facts["comparison"]) == 1
    assert TextClassifier.load(tmp_path / "m").comparison_ == [
        {**row, **({"ngram_range": tuple(row["ngram_range"])} if "ngram_range" in row else {})}
        for row in facts["comparison"]
    ]
    refused([*train, "--autotune", "soon"], 2, "'soon' is not a duration such as 60s or 5m")
    refused([*train, "--trials", "0"], 2, "trials=0")


def test_info_of_averaged_vectors(run, tmp_path):
    averages = AveragedVectors(Vectors(["free", "noon"], [[1, 0], [0, 1]]), weighting="sif", a=0.5)
    averages.fit(["free noon", "noon"]).save(tmp_path / "a")
    facts = run("info", tmp_path / "a", "--json")
    assert (facts["kind"], facts["vocab"], facts["vector_size"]) == ("AveragedVectors", 2, 2)
    assert (facts["documents"], facts["a"], facts["components"]) == (2, 0.5, [1.0])
    assert facts["config"]["weighting"] == "sif"


def test_train_several_labels_per_line_is_multilabel(run, tmp_path):
    lines = [
        "__label__a __label__b x y", "__label__a x", "__label__b y", "z", "__label__b y y"
    ] * 4  # fmt: skip
    path = tmp_path / "many.txt"
    path.write_text("__label__a x\n" + "\n".join(lines) + "\n")
    run("classify", "train", path, "-o", tmp_path / "m", "--token-pattern", r"\w", *FAST)
    report = run("classify", "evaluate", tmp_path / "m", path, "--json")
    assert report["accuracy"] == 1
    assert report["confusion"] is None
    (answer,) = run("classify", "predict", tmp_path / "m", "x y", "-n", "2", "--json")
    assert {it["label"] for it in answer["labels"]} == {"a", "b"}
    assert all(it["probability"] > 0.5 for it in answer["labels"])
    (tmp_path / "many.tsv").write_text("a|b\tx y\na\tx\n\tz\n")
    evaluate = ["classify", "evaluate", tmp_path / "m", tmp_path / "many.tsv", "--json"]
    assert run(*evaluate, "--separator", "|")["accuracy"] == 1


# evaluate


def test_evaluate_prints_scores_and_confusion(run, model, tmp_path):
    (tmp_path / "test.tsv").write_text("ham\tnoon\nham\tfree prize\nspam\tcall now\nspam\t\n")
    found = run(
        "classify", "evaluate", model, tmp_path / "test.tsv",
        warns="textdl: 1 of 4 texts have no term that was learned; their classes are those of an "
        "empty text\n",
    )  # fmt: skip
    lines = found.splitlines()
    assert lines[0].startswith("accuracy 0.")
    assert lines[2].split() == ["class", "precision", "recall", "f1", "support"]
    assert lines[6].split() == ["true", "\\", "predicted", "ham", "spam"]
    assert lines[7].split() == ["ham", "1", "1"]
    report = run("classify", "evaluate", model, tmp_path / "test.tsv", "--json")
    assert report["confusion"][0] == [1, 1]
    assert (report["texts"], report["unknown"]) == (4, 1)
    assert set(report["classes"]["ham"]) == {"precision", "recall", "f1", "support"}


# predict


def test_predict_prints_the_most_probable_classes(run, model):
    out = run("classify", "predict", model, "call now", "at noon")
    best, worst = (line.split() for line in out.splitlines())
    assert best[0] == "spam"
    assert worst[0] == "ham"
    assert float(best[1]) > 0.9
    out = run("classify", "predict", model, "call now", "-n", "5")
    assert [part.split()[0] for part in out.split("\t")] == ["spam", "ham"]
    (answer,) = run("classify", "predict", model, "call ☘", "-n", "1", "--json")
    assert answer["text"] == "call ☘"
    assert answer["known"] is True
    assert answer["labels"][0]["label"] == "spam"
    assert answer["labels"][0]["probability"] > 0.9


def test_predict_input_reads_lines_of_a_file_and_of_stdin(run, model, tmp_path):
    (tmp_path / "texts").write_text("call now\nat noon\n\nunheard\n")
    warns = (
        "textdl: 2 of 4 texts have no term that was learned; their classes are those of an empty "
        "text\n"
    )
    out = run("classify", "predict", model, "--input", tmp_path / "texts", warns=warns)
    assert [line.split()[0] for line in out.splitlines()[:2]] == ["spam", "ham"]
    assert out.count("\n") == 4
    command = [sys.executable, "-m", "textdl.cli.main", "classify", "predict", model, "--json"]
    done = subprocess.run(
        [*command, "--input", "-"], input=b"call now\nat noon\n", capture_output=True, check=True
    )
    assert done.stderr == b""
    answers = json.loads(done.stdout)
    assert [it["labels"][0]["label"] for it in answers] == ["spam", "ham"]


# info


def test_info_describes_a_text_classifier(run, model):
    facts = run("info", model, "--json")
    config = facts.pop("config")
    top = facts.pop("top")
    assert facts.pop("loss") < 0.3
    assert facts == {
        "format": "safetensors",
        "bytes": model.stat().st_size,
        "kind": "TextClassifier",
        "features": "bag",
        "model": "linear",
        "classes": ["ham", "spam"],
        "multilabel": False,
        "terms": 18,
        "layers": [18, 4, 1],
        "parameters": 81,
        "epochs": 30,
    }
    assert config["vector_size"] == 4
    assert "you" in top["ham"][:4]
    assert "prize" in top["spam"][:4]
    lines = run("info", model).splitlines()
    assert any(line.startswith("top spam           ") and "prize" in line for line in lines)


# errors


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--features", "words"], 2, "'words' is unknown"),
        (["--features", "bag", "--model", "mlp"], 2, "model='mlp' does not go with"),
        (
            ["--vector-size", "5", "--model", "mlp"],
            2,
            "vector_size=5 does not go with features='tfidf'",
        ),
        (["--hidden", "x"], 2, "'x' is not a list of whole numbers"),
        (["--hidden", "0"], 2, "'0' is not a list of whole numbers"),
        (["--epochs", "0"], 2, "epochs=0; expected a whole number from 1 up"),
        (["--dropout", "2"], 2, "dropout=2.0; expected a number from 0 to 1"),
        (["--learning-rate", "-1"], 2, "-1"),
        (["--seed", "-1"], 2, "seed=-1; expected a whole number from 0 up"),
        (["--where", "x"], 2, "'x' is not a condition"),
        (["--where", "part=train"], 1, "line 1 of"),
        (["--columns", "a,label,text"], 1, "has 2 columns; expected 3"),
        (["--text", "body", "--columns", "label,text"], 1, "has no 'body', only"),
        (["--tokenizer", "german"], 2, "'german' is unknown"),
        (["--vectors", "missing", "--features", "vectors"], 1, "missing"),
        (["--min-df", "7"], 2, "min_df=7"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_train_invalid_options_are_refused(refused, mail, tmp_path, options, code, says):
    output = tmp_path / "m"
    output.write_text("before")
    refused(["classify", "train", str(mail), "-o", str(output), *options], code, says)
    assert output.read_text() == "before"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no example in"),
        (b"ham\ttext\nspam\n", "line 2 of"),
        (b"ham\ta\nham\tb\n", "one class only, ['ham']"),
        (b"ham\t\nspam\t\n", "empty vocabulary"),
        (b"ham\ta\xff\nspam\tb\n", "is not UTF-8"),
    ],
)
def test_train_invalid_files_are_refused(refused, tmp_path, content, says):
    (tmp_path / "a.tsv").write_bytes(content)
    refused(["classify", "train", str(tmp_path / "a.tsv"), "-o", str(tmp_path / "m")], 1, says)
    assert not (tmp_path / "m").exists()


def test_train_interrupted_leaves_the_old_file(capsys, mail, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("textdl.io.archive.write_safetensors", interrupted)
    (tmp_path / "m").write_text("before")
    assert main(["classify", "train", str(mail), "-o", str(tmp_path / "m"), *FAST]) == 130
    assert capsys.readouterr().err == "textdl: interrupted\n"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert (tmp_path / "m").read_text() == "before"


def test_verbs_wrong_usage_is_refused(refused, model, mail, tmp_path):
    for arguments, code, says in (
        ([], 2, "required: VERB"),
        (["train", "x"], 2, "--output"),
        (["predict", str(model)], 2, "expected texts, or --input FILE"),
        (["predict", str(model), "a", "--input", "-"], 2, "not both"),
        (["predict", "missing", "a"], 1, "cannot read 'missing'"),
        (["predict", str(model), "a", "-n", "0"], 2, "'0' is not a whole number"),
        (["evaluate", str(model), "missing.tsv"], 1, "'missing.tsv' does not exist"),
        (["train", str(mail), "-o", str(tmp_path / "no" / "m")], 1, "create it first"),
    ):
        refused(["classify", *arguments], code, says)


def test_evaluate_unknown_label_is_named(refused, model, tmp_path):
    (tmp_path / "a.tsv").write_text("ham\tyou\neggs\tcall\n")
    evaluate = ["classify", "evaluate", str(model), str(tmp_path / "a.tsv")]
    refused(evaluate, 1, "label 'eggs' of text 2 is not among the 2 classes that were learned: ham")


def test_predict_and_info_damaged_model_is_refused(refused, model, tmp_path):
    whole, path = model.read_bytes(), tmp_path / "m"
    for content in (b"", b"text", whole[:-3], whole.replace(b"Embedding", b"Imbedding")):
        path.write_bytes(content)
        refused(["classify", "predict", str(path), "call"], 1, "'")
        refused(["info", str(path)], 1, "'")
    TfidfVectorizer().fit(["a cat"]).save(path)
    refused(
        ["classify", "predict", str(path), "call"],
        1,
        "is a file of TfidfVectorizer, expected TextClassifier",
    )
