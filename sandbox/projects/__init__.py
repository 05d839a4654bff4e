"""The exchange database of project approvals (工程建设项目审批管理系统数据共享交换标准)."""
