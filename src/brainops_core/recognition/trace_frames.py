"""Is this stack frame part of the program itself, or of a library or runtime under it?"""

from __future__ import annotations

from brainops_core.regex import Regex

_PYTHON_LIBRARY = Regex(
    r"[/\\](?:site-packages|dist-packages)[/\\]|[/\\]lib(?:64)?[/\\]python\d|[/\\]Lib[/\\](?:asyncio|concurrent|\w+\.py)|"
    r"^<|[/\\]python\d[\w.]{0,8}\.zip[/\\]|^importlib"
)
_JAVA_LIBRARY = (
    "java.", "javax.", "jakarta.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.", "scala.", "groovy.", "clojure.",
    "org.springframework.", "org.apache.", "org.hibernate.", "org.eclipse.", "org.jboss.", "org.junit.", "org.gradle.",
    "org.postgresql.", "org.mariadb.", "com.mysql.", "com.zaxxer.", "com.fasterxml.", "com.google.common.", "io.netty.",
    "io.undertow.", "io.grpc.", "io.vertx.", "reactor.", "rx.", "akka.", "okhttp3.", "feign.", "ch.qos.", "org.slf4j.",
    "System.", "Microsoft.", "Npgsql.", "Newtonsoft.",
)  # fmt: skip
_NODE_LIBRARY = Regex(r"[/\\]node_modules[/\\]|^node:|^internal[/\\]|^native$|^<anonymous>$|^webpack[:/\\]")
_GO_LIBRARY = Regex(
    r"/(?:usr/local/go|libexec|hostedtoolcache/go/[\w./]{1,40})/src/|/pkg/mod/|/vendor/|^(?:runtime|net/http)/"
)
_RUST_LIBRARY = Regex(
    r"^<?(?:std|core|alloc|tokio|hyper|futures\w*|rayon\w*|backtrace|anyhow|rust_begin_unwind|__rust\w*|_start|main$)(?:::|$)"
)


def in_app_python(file: str) -> bool:
    """Say whether a Python file lies outside the standard library and the installed packages."""
    return _PYTHON_LIBRARY.search(file) is None


def in_app_java(method: str) -> bool:
    """Say whether a Java, Kotlin, Scala or .NET method, with its full name, belongs to no well-known library."""
    return not method.startswith(_JAVA_LIBRARY)


def in_app_node(file: str) -> bool:
    """Say whether a JavaScript file is neither an installed package nor part of the runtime."""
    return _NODE_LIBRARY.search(file) is None


def in_app_go(file: str, function: str) -> bool:
    """Say whether a Go function is neither of the runtime nor of a downloaded module."""
    return _GO_LIBRARY.search(file) is None and not function.startswith(("runtime.", "panic"))


def in_app_rust(function: str) -> bool:
    """Say whether a Rust function is neither of the standard library nor of a well-known runtime."""
    return _RUST_LIBRARY.match(function) is None
