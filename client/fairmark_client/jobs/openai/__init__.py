"""Jobs on OpenAI, on Azure, and on whatever else speaks OpenAI's fine-tuning API under a `base_url`.

    provider    the calls of a job, and nothing of how they are made
    connection  the SDK: addresses, keys, retries, and its errors in plain words
    rules       what a spec must keep to, known before anything is sent
    graders     the grader as the platform takes it, its headers from the environment
    templates   what the grader reads, held against the rows
    uploads     files, each uploaded once
    reports     what comes back: statuses, events, metrics, checkpoints
    shutdown    until when this lasts

Replies are read as plain JSON. The SDK's types (3.54.0) know no `endpoint`, no `paused` and no rewards, take the parts
of a `multi` for a single grader, make a healthy job's `error: {}` truthy, and warn about all of it while serializing.
"""

from .provider import Azure, OpenAI

__all__ = ["Azure", "OpenAI"]
