"""Tomorrow's highest temperature in Seattle with Darts' LSTM, made ready with care.

As `weather_darts.py`, and as throughtime has it by default: 64 units, the day of the year as an input, 2014 validates,
training stops 15 epochs after the best one, and that one is kept.
"""

import json
import sys
import time

import torch

TABLE, SEED = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(int(sys.argv[3]))
began = time.perf_counter()
# user's code
import pandas as pd  # noqa: E402
from darts import TimeSeries  # noqa: E402
from darts.dataprocessing.transformers import Scaler  # noqa: E402
from darts.metrics import rmse as darts_rmse  # noqa: E402
from darts.models import BlockRNNModel  # noqa: E402
from pytorch_lightning.callbacks import EarlyStopping  # noqa: E402

table = pd.read_csv(TABLE, parse_dates=["date"])
everything = TimeSeries.from_dataframe(table, "date", ["temp_max", "temp_min", "precipitation", "wind"])
begin = pd.Timestamp("2015-01-01")
scaler = Scaler()
scaler.fit(everything.drop_after(begin))
series = scaler.transform(everything).astype("float32")
target, others = series["temp_max"], series[["temp_min", "precipitation", "wind"]]
validation = pd.Timestamp("2014-01-01")
model = BlockRNNModel(
    input_chunk_length=30,
    output_chunk_length=1,
    model="LSTM",
    hidden_dim=64,
    n_epochs=100,
    random_state=SEED,
    add_encoders={"cyclic": {"past": ["dayofyear"]}},
    model_name=f"weather-{SEED}",
    save_checkpoints=True,
    force_reset=True,
    pl_trainer_kwargs={"callbacks": [EarlyStopping("val_loss", patience=15)]},
)
model.fit(
    target.drop_after(validation),
    past_covariates=others,
    val_series=target.drop_before(pd.Timestamp("2013-12-01")).drop_after(begin),
    val_past_covariates=others,
)
model = BlockRNNModel.load_from_checkpoint(f"weather-{SEED}", best=True)
forecast = model.historical_forecasts(target, past_covariates=others, start=begin, retrain=False)
whole = forecast.stack(others.slice_intersect(forecast))
rmse = darts_rmse(everything["temp_max"], scaler.inverse_transform(whole)["temp_max"])
# end of user's code
print(json.dumps({"metric": float(rmse), "rows": len(forecast), "seconds": time.perf_counter() - began}))
