"""13 weeks ahead of M4's weekly series with Darts' LSTM: nothing is set but what must be.

Its `BlockRNNModel` asks for the length of a window: a year. One pass over all 350,000 windows of a year takes minutes
on two cores, and its default of 100 passes hours: the newest 100 windows of each series train, for 10 passes.
"""

import sys
import time
from pathlib import Path

import torch
from m4_owa import told

TABLE, SEED = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(int(sys.argv[3]))
began = time.perf_counter()
# user's code
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from darts import TimeSeries  # noqa: E402
from darts.dataprocessing.transformers import Scaler  # noqa: E402
from darts.models import BlockRNNModel  # noqa: E402

table = pd.read_csv(TABLE)
series = TimeSeries.from_group_dataframe(table, "series", "week", "value", drop_group_cols="series")
scaler = Scaler()
scaled = [each.astype("float32") for each in scaler.fit_transform(series)]
model = BlockRNNModel(input_chunk_length=52, output_chunk_length=13, model="LSTM", n_epochs=10, random_state=SEED)
model.fit(scaled, max_samples_per_ts=100)
forecasts = np.stack([each.values()[:, 0] for each in scaler.inverse_transform(model.predict(13, scaled))])
# end of user's code
told(forecasts, Path(TABLE), began)
