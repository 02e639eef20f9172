"""From `validation` of the policy, and the parameters and bodies of the documents, to the rules of phase 9."""

from gwc.lowering.validation.rules import Validator

__all__ = ["Validator"]
