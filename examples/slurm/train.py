"""Stands where training would: grades a batch on the service that FAIRMARK_URL names, as a reward function does.

Each task of the job grades for itself; the first that gets here waits until the service has written its file.
"""

import os

from fairmark_client import grade

COMPLETIONS = ["The answer is 42.", "<think>6 * 7</think> 42", "41"]

if __name__ == "__main__":
    results = grade("math", COMPLETIONS, [{"reference_answer": "42"}] * 3, run=f"job-{os.environ['SLURM_JOB_ID']}")
    print(os.environ.get("SLURM_PROCID", "0"), [result.score for result in results], flush=True)
