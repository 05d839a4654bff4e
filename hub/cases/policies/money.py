"""What may not be charged (§9 of 津工信电力〔2021〕8号): nothing from residents and 三零."""

from hub.cases.policies.model import Policy
from hub.cases.steps.facts import Action
from hub.cases.steps.judge import History, Judged, State


def charges(history: History, policy: Policy) -> list[tuple[Judged, str]]:
    """The reported charges that the policy does not allow, each with its clause. A case that was promised to be free
    stays free when its kind is changed on the way (已承诺实行“三零”服务). A charge that is a claim only is
    found too: it was reported. The same one over two ways is found once."""
    found = []
    for one in history.facts:
        had = [kind for since, kind in history.kinds if since <= one.at_ms] or [history.kinds[0][1]]
        free = [policy.cases[kind.case_type].fee for kind in had if policy.cases[kind.case_type].fee.free]
        if one.fact.action is Action.CHARGE and one.state is not State.REPEATED and free:
            found.append((one, free[0].clause))
    return found
