"""`textdl evaluate`."""

import json


def test_evaluate_reports_similarity_and_analogies(call, king, tmp_path):
    pairs, questions = tmp_path / "pairs.txt", tmp_path / "questions.txt"
    pairs.write_text("king\tman\t9\nKing queen 1\ntree man 5\nking none 3\n")
    questions.write_text(": family\nman king woman queen\n: gram-none\nman king x queen\n")
    command = ["evaluate", king, "--similarity", pairs, "--analogies", questions]
    code, out, _ = call(*command, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["similarity"]["pairs"]["pairs"] == 3
    assert found["similarity"]["pairs"]["skipped"] == 1
    assert found["analogies"]["accuracy"] == 1.0
    assert found["analogies"]["syntactic"] is None
    assert found["analogies"]["skipped"] == 1
    assert call(*command)[1] == (
        "pairs                        spearman 0.8660  3 pairs, 1 skipped\n"
        "family                       accuracy 1.0000  1 questions, 0 skipped\n"
        "gram-none                    accuracy nan     0 questions, 1 skipped\n"
        "semantic                     accuracy 1.0000\n"
        "all analogies                accuracy 1.0000  1 questions, 1 skipped\n"
    )
