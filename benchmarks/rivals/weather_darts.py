"""Tomorrow's highest temperature in Seattle with Darts' LSTM: nothing is set but what must be.

Its `BlockRNNModel` reads past covariates. All of 2012-2014 trains; there is no validation part to stop on.
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

table = pd.read_csv(TABLE, parse_dates=["date"])
everything = TimeSeries.from_dataframe(table, "date", ["temp_max", "temp_min", "precipitation", "wind"])
begin = pd.Timestamp("2015-01-01")
scaler = Scaler()
scaler.fit(everything.drop_after(begin))
series = scaler.transform(everything).astype("float32")
target, others = series["temp_max"], series[["temp_min", "precipitation", "wind"]]
model = BlockRNNModel(input_chunk_length=30, output_chunk_length=1, model="LSTM", random_state=SEED)
model.fit(target.drop_after(begin), past_covariates=others)
forecast = model.historical_forecasts(target, past_covariates=others, start=begin, retrain=False)
whole = forecast.stack(others.slice_intersect(forecast))
rmse = darts_rmse(everything["temp_max"], scaler.inverse_transform(whole)["temp_max"])
# end of user's code
print(json.dumps({"metric": float(rmse), "rows": len(forecast), "seconds": time.perf_counter() - began}))
