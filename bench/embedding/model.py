"""How fast is the bundled model, how much memory does it take, and how long is the first vector in coming?

Run: python bench/embedding/model.py. Texts are made of common words of the vocabulary; one thread; CPU time of one
process.
"""

import json
import random
import resource
import time

started = time.process_time()

import brainops_minilm  # noqa: E402

from brainops.embedding import open_embedder  # noqa: E402


def texts(count: int, words: int) -> list[str]:
    chosen = random.Random(words)
    vocabulary = [word for word in brainops_minilm.vocabulary_path().read_text().split() if word.isalpha()][2000:12000]
    return [" ".join(chosen.choices(vocabulary, k=words)) for _ in range(count)]


def peak_megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    bare = peak_megabytes()
    embedder = open_embedder("minilm")
    assert embedder is not None
    embedder.embed(["first"])
    result: dict[str, float] = {"first_vector_cpu_ms": round((time.process_time() - started) * 1e3)}
    queries = texts(200, 12)
    before = time.process_time()
    for query in queries:
        embedder.embed([query])
    result["query_of_14_tokens_cpu_ms"] = round((time.process_time() - before) / len(queries) * 1e3, 2)
    for count, words in ((600, 30), (200, 145)):
        batch = texts(count, words)
        before = time.process_time()
        embedder.embed(batch)
        result[f"texts_of_{words + 2}_tokens_per_cpu_second"] = round(count / (time.process_time() - before))
    result["peak_megabytes"] = peak_megabytes()
    result["peak_megabytes_before_opening"] = bare
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
