"""CPU of one search in USearch, with the least expansion that reaches the recall. Called by rows-vector.ts."""

import json
import sys
import time

import numpy as np
from usearch.index import Index

options = json.loads(sys.argv[1])
read = lambda name: np.fromfile(f"{options['directory']}/{name}", dtype=np.float32).reshape(-1, options["dimensions"])
everything, queries = read("all.f32"), read("queries.f32")
nearest = json.load(open(f"{options['directory']}/nearest.json"))

index = Index(
    ndim=options["dimensions"],
    metric="cos",
    dtype=options["dtype"],
    connectivity=options["links"],
    expansion_add=options["build"],
)
index.add(np.arange(len(everything)), everything, threads=1)

for effort in options["efforts"]:
    index.expansion_search = effort
    found = index.search(queries[: len(nearest)], 10, threads=1).keys
    recall = np.mean([len(set(keys.tolist()) & set(wanted)) / 10 for keys, wanted in zip(found, nearest)])
    if recall >= options["recall"]:
        began = time.process_time()
        index.search(queries, 10, threads=1)
        us = (time.process_time() - began) * 1e6 / len(queries)
        print(json.dumps({"us": us, "recall": recall, "effort": effort}))
        sys.exit(0)
sys.exit("the recall was not reached")
