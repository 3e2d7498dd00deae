"""ItalyPowerDemand with tsai's LSTM-FCN, as its README trains: file of arrays, seed, threads come, accuracy leaves."""

import json
import sys
import time

import numpy as np
import torch

DATA, SEED = np.load(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(int(sys.argv[3]))
train, labels, test, truth = (DATA[name] for name in ("train", "labels", "test", "truth"))
began = time.perf_counter()
# user's code
from tsai.basics import (  # noqa: E402
    TSClassification,
    TSClassifier,
    TSStandardize,
    accuracy,
    combine_split_data,
    set_seed,
)

set_seed(SEED)
x, y, splits = combine_split_data([train, test], [labels, truth])
transforms = [None, TSClassification()]
model = TSClassifier(
    x, y, splits=splits, arch="LSTM_FCN", tfms=transforms, batch_tfms=TSStandardize(by_sample=True), metrics=accuracy
)
model.fit_one_cycle(100, 3e-4)
share = model.validate()[1]
# end of user's code
print(json.dumps({"metric": float(share), "rows": len(truth), "seconds": time.perf_counter() - began}))
