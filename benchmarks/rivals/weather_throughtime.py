"""Tomorrow's highest temperature in Seattle with throughtime: table, seed and threads come, RMSE over 2015 goes out."""

import json
import sys
import time

import torch

TABLE, SEED = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(int(sys.argv[3]))
began = time.perf_counter()
# user's code
import polars as pl  # noqa: E402

import throughtime as tt  # noqa: E402

table = pl.read_csv(TABLE, try_parse_dates=True)
year = table["date"].dt.year()
model = tt.SequencePredictor(seed=SEED, progress=False, validation=table.filter(year == 2014))
model.fit(table.filter(year < 2014), time="date", target="temp_max")
errors = (model.predict_steps(table)["temp_max"] - table["temp_max"]).filter(year == 2015)
rmse = (errors**2).mean() ** 0.5
# end of user's code
print(json.dumps({"metric": rmse, "rows": len(errors), "seconds": time.perf_counter() - began}))
