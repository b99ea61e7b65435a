"""Formal models, one subject a file, in the notation of one source each: pure functions that broadcast over their parameters.

off_switch   why an agent that is unsure what is good lets itself be switched off, and when it does not
delegation   how much discretion to give an agent that wants a little too much: neither none nor all
dial         how far own judgement should go against instructions: neither end is best
obedience    what becomes of obedience as an agent learns what its principals want
insurance    deferring or acting, with good or bad values: a premium, and what it covers
control      what holds if the model means harm: audits, monitors, what they cost
trust        what a record of audits says about a model, and what it can never say
sequential   Wald's test of a failure rate, with what it really does
release      rules for loosening the dial, side by side: who decides, on what evidence, by when
agency       ask or act: what a check is worth, when to wait, how often to check in, overseers who tire
persuasion   what a strong argument says about who brings it, and why a line may be bright
society      what a common assistant does to opinions on a network, and to answers that all copy
training     what becomes of a measured score, and of what it measures, when training pushes on the score
coverage     what a search for failures has not found, and whether a model that behaves while watched is caught
sampling     what a sample of probes says about a rate, also if the judge errs or many rates are tested
loosening    what a loosened dial does to the senders of a case, and from which trust on it pays
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
