"""LossTarget: a Loss, with its y_true."""

from minidl.testing.casting import as_input, in_float64, own_copy
from minidl.testing.faults import missing
from minidl.testing.targets import Target


class LossTarget(Target):
    """A Loss: value, cache = forward(y_true, y_pred); dy_pred = backward(cache)."""

    is_loss = True

    def __init__(self, loss, y_true, y_pred, kwargs=None):
        self.source, self.name = loss, type(loss).__name__
        self.kwargs = dict(kwargs or {})
        y_pred = as_input(self.name, y_pred, "y_pred")
        if y_pred.dtype.kind != "f":
            raise TypeError(
                f"{self.name}: y_pred holds integers: pass floats, they have a gradient"
            )
        self.loss = in_float64(own_copy(loss))
        y_true = as_input(self.name, y_true, "y_true")
        self.values = {"y_true": y_true, "y_pred": y_pred}
        self.tensors, self.inputs = {"y_pred": y_pred}, ["y_pred"]
        self.data = {"y_true": "the target"}
        self.freeze(self.loss, y_true, self.kwargs)
        if self.outputs.size != 1:
            raise ValueError(
                f"{self.name}: forward must return one number and the cache, got a value of "
                f"shape {self.outputs.shapes[0]}: take the mean or the sum"
            )

    def call(self):
        return self.loss.forward(self.values["y_true"], self.values["y_pred"], **self.kwargs)

    def call_backward(self, dy, cache):
        return self.loss.backward(cache)

    def again(self, y_true, y_pred):
        return LossTarget(self.source, y_true, y_pred, self.kwargs)

    def named(self, raw):
        if raw is None:
            return {}, [missing("dy_pred", "backward returned None")]
        return {"y_pred": raw}, []
