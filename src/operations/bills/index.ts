export { billOf } from './bill.ts'
export { billCsv } from './csv.ts'
export { type MonthlyBill, monthlyBills } from './month.ts'
