"""What every scenario is made of: plans, and expectations that say what they are about."""
import yaml


def plan(name, edits, **gate):
    spec = {"steps": [{"name": name, "edits": edits, "gate": gate}]}
    if not gate:
        del spec["steps"][0]["gate"]
    return yaml.safe_dump({"apiVersion": "belay.dev/v1", "kind": "RemediationPlan",
                           "metadata": {"name": name}, "spec": spec}, sort_keys=False)


def set_flag(flag, value):
    return {"setFlag": {"manifest": "kube-apiserver", "flag": flag, "value": value}}


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def expect_equal(actual, wanted, what):
    expect(actual == wanted, f"{what}: got {actual!r}, wanted {wanted!r}")
