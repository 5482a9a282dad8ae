"""Fail if pyright knows the types of fewer public names than these: python check_types.py [PERCENT]

Raise the number with the score. What is left are the kernels: their parameters have the types for which they are compiled.
"""

import json
import subprocess
import sys

least = float(sys.argv[1]) if len(sys.argv) > 1 else 95.0
done = subprocess.run(
    ["pyright", "--verifytypes", "rushlight", "--ignoreexternal", "--outputjson"], capture_output=True, text=True
)  # its exit status speaks of 100 %
report = json.loads(done.stdout)["typeCompleteness"]
score = 100 * report["completenessScore"]
print(f"types of {score:.1f} % of {sum(report['exportedSymbolCounts'].values())} public names are known")
if score < least:
    unknown = [s["name"] for s in report["symbols"] if s["isExported"] and not s["isTypeKnown"]]
    print(*unknown, sep="\n")
    sys.exit(f"{score:.2f} % is less than {least} %")
