"""13 weeks ahead of M4's weekly series with Darts' LSTM, made ready with care.

As `m4_darts.py`, and as throughtime has it by default: every window in its own units (reversible instance
normalisation), 64 units, batches of 512, the last 13 weeks of each series validate, training stops when they get no
better, and the best epoch is kept.
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
from pytorch_lightning.callbacks import EarlyStopping  # noqa: E402

table = pd.read_csv(TABLE)
series = TimeSeries.from_group_dataframe(table, "series", "week", "value", drop_group_cols="series")
scaler = Scaler()
scaled = [each.astype("float32") for each in scaler.fit_transform(series)]
model = BlockRNNModel(
    input_chunk_length=52,
    output_chunk_length=13,
    model="LSTM",
    hidden_dim=64,
    batch_size=512,
    n_epochs=30,
    optimizer_kwargs={"lr": 3e-3},
    use_reversible_instance_norm=True,
    random_state=SEED,
    model_name=f"m4-{SEED}",
    save_checkpoints=True,
    force_reset=True,
    pl_trainer_kwargs={"callbacks": [EarlyStopping("val_loss", patience=5)]},
)
long = [each[:-13] for each in scaled if len(each) > 78]
model.fit(long, val_series=[each[-65:] for each in scaled], max_samples_per_ts=100)
model = BlockRNNModel.load_from_checkpoint(f"m4-{SEED}", best=True)
forecasts = np.stack([each.values()[:, 0] for each in scaler.inverse_transform(model.predict(13, scaled))])
# end of user's code
told(forecasts, Path(TABLE), began)
