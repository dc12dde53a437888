"""Every dependency has a licence we may ship, and comes from the package registry. Reads `cargo metadata` on stdin.

A licence that is not in the list below is not taken by adding it here: it is a decision, made in review.
"""

import json
import re
import sys

ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0",
    "CDLA-Permissive-2.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "Unicode-3.0", "Unlicense", "Zlib",
}


def accepted(expression: str) -> bool:
    """Whether an SPDX expression can be satisfied by the list: `OR` offers a choice, `AND` asks for all."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def either() -> bool:
        nonlocal position
        result = both()
        while position < len(tokens) and tokens[position] == "OR":
            position += 1
            result = both() or result
        return result

    def both() -> bool:
        nonlocal position
        result = one()
        while position < len(tokens) and tokens[position] == "AND":
            position += 1
            result = one() and result
        return result

    def one() -> bool:
        nonlocal position
        token = tokens[position]
        position += 1
        if token == "(":
            result = either()
            position += 1
            return result
        if position < len(tokens) and tokens[position] == "WITH":
            token = f"{token} WITH {tokens[position + 1]}"
            position += 2
        return token in ALLOWED

    return either()


def main() -> int:
    metadata = json.load(sys.stdin)
    ours = set(metadata["workspace_members"])
    refused = []
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        if package["id"] in ours:
            continue
        if not (package["source"] or "").startswith("registry+"):
            refused.append(f"{name}: does not come from the registry")
        if not package["license"]:
            refused.append(f"{name}: names no licence")
        elif not accepted(package["license"]):
            refused.append(f"{name}: {package['license']} is not in the list")
    print("\n".join(refused) or f"{len(metadata['packages']) - len(ours)} dependencies, all licences in the list")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
