"""The training loop against Keras's numbers, and against what users do wrong."""

from pathlib import Path

import numpy as np
import pytest

import minidl
from minidl import Sequential
from minidl.layers import (
    LSTM,
    Activation,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalMaxPooling1D,
    Softmax,
)
from minidl.optimizers import SGD, Adam
from minidl.regularizers import L1, L2

FROZEN = np.load(Path(__file__).parent / "fixtures" / "training.npz")


def frozen_weights(name):
    count = sum(key.startswith(f"{name}.w") and key[-1].isdigit() for key in FROZEN.files)
    return [FROZEN[f"{name}.w{i}"] for i in range(count)]


def line(n=40, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return x, x @ np.array([[1.0], [-2.0], [0.5]]) + 0.3


def regressor(**kwargs):
    model = Sequential([Dense(1, input_shape=(3,))], seed=1)
    model.compile(SGD(0.1), "mse", **kwargs)
    return model


# ---- Keras's numbers ----


@pytest.mark.parametrize("name", ["text_cnn", "lstm"])
def test_fifty_steps_give_keras_losses(name):
    layers = {
        "text_cnn": lambda: [
            Embedding(60, 8),
            Conv1D(6, 3, activation="relu"),
            GlobalMaxPooling1D(),
            Dense(3, activation="softmax"),
        ],
        "lstm": lambda: [Embedding(60, 8, mask_zero=True), LSTM(7), Dense(1, "sigmoid")],
    }
    loss = {"text_cnn": "sparse_categorical_crossentropy", "lstm": "binary_crossentropy"}
    model = Sequential(layers[name]())
    model.build((12,))
    model.set_weights(frozen_weights(name))
    model.compile(Adam(0.01), loss[name])
    x, y, expected = (FROZEN[f"{name}.{key}"] for key in ("x", "y", "losses"))
    got = [
        model.train_on_batch(x[i * 16 : (i + 1) * 16], y[i * 16 : (i + 1) * 16])
        for i in range(50)
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("case", ["plain", "weighted"])
def test_fit_gives_keras_history(case):
    model = Sequential(
        [
            Dense(5, "tanh", kernel_regularizer=L2(0.01)),
            Dense(1, bias_regularizer=L1(0.02)),
        ]
    )
    model.build((4,))
    model.set_weights(frozen_weights("reg"))
    model.compile("rmsprop", "mse", metrics=["mae"])
    x, y = FROZEN["reg.x"], FROZEN["reg.y"]
    weight = {"sample_weight": FROZEN["reg.sample_weight"]} if case == "weighted" else {}
    history = model.fit(
        x, y, batch_size=8, epochs=3, shuffle=False, validation_split=0.2, verbose=0, **weight
    )
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    for key, values in history.history.items():
        np.testing.assert_allclose(values, FROZEN[f"reg.{case}.{key}"], rtol=2e-5, err_msg=key)
    np.testing.assert_allclose(
        model.evaluate(x, y, verbose=0), FROZEN[f"reg.{case}.evaluate"], rtol=2e-5
    )
    got = model.predict(x, batch_size=7, verbose=0)
    np.testing.assert_allclose(got, FROZEN[f"reg.{case}.predict"], rtol=2e-4, atol=1e-6)
    assert got.dtype == np.float32


def test_class_weight_gives_keras_history():
    model = Sequential([Dense(3, "softmax", input_dim=4)])
    model.set_weights(frozen_weights("cls"))
    model.compile(SGD(0.1), "sparse_categorical_crossentropy", metrics=["acc"])
    history = model.fit(
        FROZEN["cls.x"],
        FROZEN["cls.y"],
        batch_size=7,
        epochs=2,
        shuffle=False,
        verbose=0,
        class_weight={0: 1, 1: 2, 2: 0.5},
    )
    assert list(history.history) == ["acc", "loss"]
    np.testing.assert_allclose(history.history["loss"], FROZEN["cls.loss"], rtol=1e-5)
    np.testing.assert_allclose(history.history["acc"], FROZEN["cls.acc"], rtol=1e-6)


# ---- by hand ----


def test_one_step_of_sgd_by_hand():
    model = Sequential([Dense(1, input_shape=(1,))])
    model.set_weights([np.array([[2.0]]), np.array([1.0])])
    model.compile(SGD(0.1), "mse")
    # ŷ = 2·3 + 1 = 7, target 5: loss 4, dŷ = 2·2 = 4, dW = 12, db = 4.
    assert model.train_on_batch([[3.0]], [[5.0]]) == pytest.approx(4)
    W, b = model.get_weights()
    assert W[0, 0] == pytest.approx(2 - 0.1 * 12)
    assert b[0] == pytest.approx(1 - 0.1 * 4)


@pytest.mark.parametrize(
    ("units", "activation", "loss", "y"),
    [
        (4, "softmax", "sparse_categorical_crossentropy", np.array([0, 3, 1, 1, 2])),
        (4, "softmax", "categorical_crossentropy", np.eye(4)[[0, 3, 1, 1, 2]]),
        (1, "sigmoid", "binary_crossentropy", np.array([0, 1, 1, 0, 1])),
    ],
)
@pytest.mark.parametrize("separate", [False, True])
def test_fused_and_plain_forms_agree(units, activation, loss, y, separate):
    x = np.random.default_rng(0).normal(size=(5, 3))
    last = [Dense(units), Activation(activation)] if separate else [Dense(units, activation)]
    model = Sequential([Dense(6, "tanh"), *last], seed=3, dtype="float64")
    model.compile("sgd", loss)
    value, grads = model.loss_and_grads(x, y)
    plain_value, plain_grads = model.loss_and_grads(x, y, minidl.losses.get(loss))
    assert model.compiled.head is not None
    assert value == pytest.approx(plain_value, rel=1e-12)
    assert list(grads) == list(plain_grads) == list(model.params)
    for name in grads:
        np.testing.assert_allclose(grads[name], plain_grads[name], rtol=1e-8, atol=1e-12)


def test_gradients_serve_keras_apply_gradients_as_printed():
    x, y = line()
    one, two = regressor(), regressor()
    one.train_on_batch(x, y)
    loss, gradients = two.loss_and_grads(x, y)
    two.optimizer.apply_gradients(zip(gradients, two.trainable_variables))
    assert loss.numpy() == float(loss)
    np.testing.assert_array_equal(one.get_weights()[0], two.get_weights()[0])


def test_targets_of_shape_n_are_expanded_not_broadcast():
    x, y = line(30)
    model = regressor()
    assert model.evaluate(x, y[:, 0], verbose=0) == pytest.approx(
        model.evaluate(x, y, verbose=0)
    )
    expected = np.mean((model.predict(x, verbose=0)[:, 0] - y[:, 0]) ** 2)
    assert model.evaluate(x, y[:, 0], verbose=0) == pytest.approx(expected, rel=1e-5)


def test_same_seed_same_bits_and_another_seed_other_bits():
    x, y = line()

    def weights(seed):
        model = Sequential([Dense(8, "relu"), Dropout(0.3), Dense(1)], seed=seed)
        model.compile("adam", "mse")
        model.fit(x, y, epochs=2, batch_size=8, verbose=0)
        return model.get_weights()

    for a, b in zip(weights(4), weights(4)):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(weights(4)[0], weights(5)[0])
    minidl.set_seed(9)
    first = weights(None)
    minidl.set_seed(9)
    np.testing.assert_array_equal(first[0], weights(None)[0])


def test_frozen_layers_do_not_move_but_pass_gradients():
    x, y = line()
    model = Sequential([Dense(4, "tanh"), Dense(4, "tanh"), Dense(1)], seed=0)
    model.build((3,))
    model.layers[1].trainable = False
    model.compile("adam", "mse")
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights())]
    assert moved == [True, True, False, False, True, True]
    assert len(model.trainable_variables) == 4


def test_validation_data_wins_and_the_last_rows_are_split_off():
    x, y = line(10)
    model = regressor()
    history = model.fit(x, y, verbose=0, validation_split=0.25)  # floor(10 · 0.75) = 7
    seven = regressor()
    seven.fit(x[:7], y[:7], verbose=0, validation_data=(x[7:], y[7:]))
    assert history.history["val_loss"] == pytest.approx(seven.history.history["val_loss"])
    assert history.params["steps"] == 1


def test_history_epochs_params_and_initial_epoch():
    x, y = line()
    model = regressor(metrics=["mae"])
    history = model.fit(x, y, epochs=5, initial_epoch=2, batch_size=16, verbose=0)
    assert history.epoch == [2, 3, 4]
    assert history.params == {"verbose": 0, "epochs": 5, "steps": 3}
    assert history is model.history
    assert len(history.history["loss"]) == 3


def test_evaluate_and_train_on_batch_forms():
    x, y = line()
    assert isinstance(regressor().evaluate(x, y, verbose=0), float)
    with_metric = regressor(metrics=["mae", "rmse"])
    assert len(with_metric.evaluate(x, y, verbose=0)) == 3
    assert list(with_metric.evaluate(x, y, verbose=0, return_dict=True)) == [
        "loss",
        "mae",
        "rmse",
    ]
    assert len(with_metric.train_on_batch(x, y)) == 3
    assert isinstance(regressor().train_on_batch(x, y), float)


def test_batch_of_one_lists_and_a_second_fit():
    model = regressor()
    model.fit([[1.0, 2.0, 3.0]], [1.0], verbose=0, batch_size=1)
    model.fit([[1, 2, 3], [4, 5, 6]], [True, False], verbose=0)
    assert model.predict([[1, 2, 3]], verbose=0).shape == (1, 1)


def test_ctrl_c_leaves_model_and_history():
    x, y = line()
    model = regressor()

    def interrupt(epoch, logs):
        if epoch == 2:
            raise KeyboardInterrupt

    stop = minidl.callbacks.LambdaCallback(on_epoch_begin=interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=9, verbose=0, callbacks=[stop])
    assert model.history.epoch == [0, 1]
    assert np.isfinite(model.predict(x, verbose=0)).all()
    model.fit(x, y, verbose=0)


# ---- bad input: one sentence, before any training ----

IDS = np.arange(12).reshape(3, 4)


def texts(vocabulary=12, units=3, activation="softmax"):
    model = Sequential([Embedding(vocabulary, 2), Flatten(), Dense(units, activation)], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.ones((4, 5)), np.ones(4), ["layer 0 (Dense)", "(N, 3)", "(4, 5)"]),
        (np.ones((4, 3)), np.ones(5), ["x and y", "4 and 5"]),
        (np.ones((0, 3)), np.ones(0), ["x is empty"]),
        (np.array([[1, np.nan, 2]]), np.ones(1), ["x must be finite", "nan", "[0, 1]"]),
        (np.array([[1, np.inf, 2]]), np.ones(1), ["x must be finite", "inf"]),
        (np.array([["a", "b", "c"]]), np.ones(1), ["x must be numbers", "Tokenizer"]),
        (np.ones((1, 3)), ["good"], ["y must be numbers"]),
        ([[1, 2, 3], [4, 5]], np.ones(2), ["x must be a rectangular array"]),
        (np.ones((4, 3)), np.ones((4, 2)), ["(4, 1)", "(4, 2)"]),
    ],
)
def test_bad_data_is_one_sentence_and_changes_nothing(x, y, words):
    model = regressor()
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError)) as error:
        model.fit(x, y, verbose=0)
    for word in words:
        assert word in str(error.value)
    assert "\n" not in str(error.value)
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("model", "x", "y", "words"),
    [
        (texts(8), IDS, [0, 1, 2], ["layer 0 (Embedding)", "id 8", "8 rows"]),
        (texts(), -IDS, [0, 1, 2], ["layer 0 (Embedding)", "id -1"]),
        (texts(), IDS.astype(float), [0, 1, 2], ["Embedding", "float", "integers"]),
        (texts(), IDS, [0, 1, 3], ["3"]),
        (texts(), IDS, np.eye(3), ["CategoricalCrossentropy"]),
        (texts(), IDS, [0, 1, 0.5], ["SparseCategoricalCrossentropy"]),
    ],
)
def test_bad_ids_and_labels_are_found_before_training(model, x, y, words):
    with pytest.raises((ValueError, TypeError)) as error:
        model.fit(x, y, batch_size=1, verbose=0)
    for word in words:
        assert word in str(error.value)
    assert model.optimizer.iterations == 0


def test_softmax_of_one_unit_is_refused():
    with pytest.raises(ValueError, match="sigmoid"):
        Sequential([Dense(1, "softmax", input_shape=(3,))])
    with pytest.raises(ValueError, match="sigmoid"):
        Sequential([Dense(1, input_shape=(3,)), Softmax()])


def test_softmax_into_logits_is_warned_about():
    model = Sequential([Dense(3, "softmax", input_shape=(3,))])
    loss = minidl.losses.SparseCategoricalCrossentropy(from_logits=True)
    with pytest.warns(UserWarning, match="twice"):
        model.compile("sgd", loss)


@pytest.mark.parametrize(
    "arguments",
    [
        {"optimizer": "addam", "loss": "mse"},
        {"optimizer": "adam", "loss": "msee"},
        {"optimizer": "adam", "loss": "mse", "metrics": ["acuracy"]},
    ],
)
def test_unknown_names_fail_in_compile(arguments):
    with pytest.raises(ValueError, match=r"Could not interpret|[Uu]nknown"):
        Sequential([Dense(1)]).compile(**arguments)


def test_uncompiled_and_lossless_models_say_so():
    x, y = line()
    model = Sequential([Dense(1)])
    for method in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(ValueError, match="compile"):
            method(x, y)
    model.compile("adam")
    with pytest.raises(ValueError, match="loss"):
        model.fit(x, y)
    assert model.predict(x, verbose=0).shape == (40, 1)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, True])
def test_batch_size_must_be_a_positive_integer(batch_size):
    with pytest.raises(ValueError, match="batch_size"):
        regressor().fit(*line(), batch_size=batch_size, verbose=0)


@pytest.mark.parametrize("fraction", [0.99, 1.0, -0.1])
def test_validation_split_must_leave_both_sides(fraction):
    with pytest.raises(ValueError, match="validation_split"):
        regressor().fit(*line(10), validation_split=fraction, verbose=0)


def test_a_class_without_weight_is_named():
    with pytest.raises(ValueError, match="class 2"):
        texts().fit(IDS, [0, 1, 2], class_weight={0: 1, 1: 1}, verbose=0)


def test_a_users_own_loss_without_weights_trains():
    class Fourth(minidl.Loss):
        def forward(self, y_true, y_pred):
            error = y_pred - np.reshape(y_true, y_pred.shape)
            return float((error**4).mean()), error

        def backward(self, cache):
            return 4 * cache**3 / cache.size

    x, y = line()
    model = Sequential([Dense(1, input_shape=(3,))], seed=1)
    model.compile(SGD(0.001), Fourth())
    history = model.fit(x, y, epochs=40, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]
    assert Fourth()(y, y + 1) == pytest.approx(1)


def test_an_lstms_gate_activation_is_not_taken_for_the_models_last():
    x = np.random.default_rng(0).normal(size=(6, 4, 3))
    y = np.array([0, 1, 1, 0, 1, 0])
    model = Sequential([LSTM(1, activation="sigmoid")], seed=0)
    model.compile("sgd", "binary_crossentropy")
    p = model.predict(x, verbose=0)[:, 0]
    by_hand = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert model.evaluate(x, y, verbose=0) == pytest.approx(by_hand, rel=1e-5)


def test_a_layer_frozen_before_it_joins_a_model_stays_frozen():
    model = Sequential([Dense(2, trainable=False, input_shape=(3,)), Dense(1)])
    assert list(model.trainable_params) == ["1.W", "1.b"]
    assert not Sequential([Dense(2, input_shape=(3,))], trainable=False).trainable_params


def test_a_diverging_run_says_so():
    model = regressor()
    model.compile(SGD(1e30), "mse")
    x, y = line()
    with pytest.warns(UserWarning, match="lower the learning rate"):
        model.fit(x, y, epochs=5, verbose=0)


def test_a_column_may_come_flat_where_the_model_takes_one():
    x, y = np.arange(6.0) / 6, np.arange(6.0)
    model = Sequential([Dense(1, input_shape=(1,))], seed=0)
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(
        model.predict(x, verbose=0), model.predict(x[:, None], verbose=0)
    )
    unbuilt = Sequential([Dense(1)])
    unbuilt.compile("sgd", "mse")
    with pytest.raises(
        ValueError, match=r"layer 0 \(Dense\): x must have shape \(N, D\), got \(N,\)"
    ):
        unbuilt.fit(x, y)


def test_a_model_without_layers_and_a_tuple_of_one_input():
    x, y = line()
    empty = Sequential()
    empty.compile("sgd", "mse")
    with pytest.raises(ValueError, match="no layers"):
        empty.fit(x, y)
    regressor().fit((x,), y, verbose=0)
    conv = Sequential([Conv1D(2, 3)])
    conv.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"layer 0 \(Conv1D\).*Embedding"):
        conv.fit(x, y)


def test_a_loss_needs_only_forward_and_backward():
    class Plain:  # no subclass of Loss
        def forward(self, y_true, y_pred):
            error = y_pred - y_true
            return float((error * error).mean()), error

        def backward(self, cache):
            return 2 * cache / cache.size

    x, y = line()
    model, expected = Sequential([Dense(1, input_shape=(3,))], seed=1), regressor()
    model.compile(SGD(0.1), Plain())
    got = [model.train_on_batch(x, y) for _ in range(3)]
    np.testing.assert_allclose(
        got, [expected.train_on_batch(x, y) for _ in range(3)], rtol=1e-5
    )
    assert model.fit(x, y, verbose=0).epoch == [0]


def test_what_predict_returns_is_the_callers_own():
    """Of a model that hands on its input, too, in one batch or in several."""
    model = Sequential([Activation("linear", input_shape=(3,))])
    for size in (2, 4, 10):
        x = np.ones((4, 3), "float32")
        y = model.predict(x, batch_size=size, verbose=0)
        y[...] = 7
        np.testing.assert_array_equal(x, 1)


def test_one_batch_predicts_as_several():
    x, _ = line()
    model = regressor()
    by_hand = x.astype("float32") @ model.params["0.W"] + model.params["0.b"]
    for size in (1, 7, 40, 41):
        got = model.predict(x, batch_size=size, verbose=0)
        np.testing.assert_allclose(got, by_hand, rtol=1e-5, atol=1e-6)
