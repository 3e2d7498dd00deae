"""ItalyPowerDemand with throughtime: file of arrays, seed, threads come, accuracy goes out."""

import json
import sys
import time

import numpy as np
import torch

DATA, SEED = np.load(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(int(sys.argv[3]))
train, labels, test, truth = (DATA[name] for name in ("train", "labels", "test", "truth"))
train, test = ([each.T for each in part] for part in (train, test))  # time first
began = time.perf_counter()
# user's code
from throughtime.tasks import SequenceClassifier  # noqa: E402

model = SequenceClassifier(seed=SEED, progress=False).fit(train, labels.tolist())
share = (np.array(model.predict(test)) == truth).mean()
# end of user's code
print(json.dumps({"metric": float(share), "rows": len(truth), "seconds": time.perf_counter() - began}))
