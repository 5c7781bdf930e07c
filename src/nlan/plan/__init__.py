"""Planning: desired and observed resources in, operations out; pure and deterministic."""

from nlan.plan.diff import plan
from nlan.plan.foreign import exclusively
from nlan.plan.operation import Action, Operation, Plan

__all__ = ["Action", "Operation", "Plan", "exclusively", "plan"]
