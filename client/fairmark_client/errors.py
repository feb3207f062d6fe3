"""What can go wrong on the way to a reward, and around it.

FairmarkError
├── ServiceError         grading didn't come about
│   ├── NoService        no URL is set, and no private service can be started here
│   ├── Unreachable      no answer worth having within the deadline
│   ├── Refused          the service answers with an error that a retry won't change
│   └── BrokenAnswer     what came back isn't one result for each sample
├── DataError            rows or files that can't be used; file, line and field are named
├── ModelError           a model couldn't be asked, or didn't answer; what it had answered before is kept
├── JobError             a provider of jobs couldn't do what it was asked
│   └── JobRefused       and won't: the message names the field or the rule, and what to do
└── RewardError          grading came about, and going on would train on something else than the reward meant
    ├── AmbiguousColumn  which column holds the reference, or where a named one is
    ├── Ungraded         too many of the recent samples are ungradable or break the user's own grader
    └── VersionChanged   a grader isn't the one this run began with
"""

from fairmark_graders.errors import FairmarkError


class ServiceError(FairmarkError):
    """Grading didn't come about."""


class NoService(ServiceError):
    """No service is configured and none can be started; the message says what to install or to set."""


class Unreachable(ServiceError):
    """The service gave no result within the deadline; the message names its URL and the last failure."""


class Refused(ServiceError):
    """The service refused the request for good; `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class BrokenAnswer(ServiceError):
    """What came back isn't one result for each sample: something else than fairmark listens there."""


class DataError(FairmarkError):
    """Rows or files that can't be used; the message names file, line and field, and what was expected."""


class ModelError(FairmarkError):
    """A model couldn't be loaded or sampled; the message says which, the row it was at, and what to do."""


class JobError(FairmarkError):
    """A provider couldn't do what it was asked; trying again later may work."""


class JobRefused(JobError):
    """A provider won't do what it was asked, however often; the message names the field or rule and the way out."""


class RewardError(FairmarkError):
    """A hook stops the training rather than hand it rewards that don't mean what they should."""


class AmbiguousColumn(RewardError):
    """The column of the reference isn't clear; the message names those in question and how to choose."""


class Ungraded(RewardError):
    """Too many of the recent samples have no true score; the message names the commonest reasons."""


class VersionChanged(RewardError):
    """A grader was changed in the middle of a run; the message names both versions."""
