"""ItalyPowerDemand with Keras's LSTM on torch: file of arrays, seed and threads come, accuracy goes out."""

import json
import os
import sys
import time

import numpy as np
import torch

os.environ["KERAS_BACKEND"] = "torch"
DATA, SEED = np.load(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(int(sys.argv[3]))
train, labels, test, truth = (DATA[name] for name in ("train", "labels", "test", "truth"))
train, test = train.swapaxes(1, 2), test.swapaxes(1, 2)  # time before variables
began = time.perf_counter()
# user's code
import keras  # noqa: E402

keras.utils.set_random_seed(SEED)
classes, codes = np.unique(labels, return_inverse=True)
order = np.random.permutation(len(train))
model = keras.Sequential(
    [keras.Input(train.shape[1:]), keras.layers.LSTM(64), keras.layers.Dense(len(classes), activation="softmax")]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
stop = keras.callbacks.EarlyStopping(patience=15, restore_best_weights=True)
model.fit(train[order], codes[order], epochs=200, validation_split=0.2, callbacks=[stop], verbose=0)
share = (classes[model.predict(test, verbose=0).argmax(1)] == truth).mean()
# end of user's code
print(json.dumps({"metric": float(share), "rows": len(truth), "seconds": time.perf_counter() - began}))
