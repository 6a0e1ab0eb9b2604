"""What people open: feedback and reports, and the making harmless of what students wrote."""
